/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP while a command works that can be interrupted.
 *
 * The first one asks the work to end, which then keeps what it has. It has PATIENCE_MS for that, as
 * a disk may not answer. After that, or at a second signal, the process says that work is lost, and
 * ends at once. Signals within ECHO_MS of the first count as the same one. It ends by the signal,
 * so that a shell sees why.
 */
#ifndef BIGFS_FS_COMMAND_INTERRUPTION_H
#define BIGFS_FS_COMMAND_INTERRUPTION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/cancel.h"

struct interruption {
    struct cancel cancel; /* constant; for work that can be cancelled */
    atomic_int signal;    /* the one that came first; 0: none */
    int signals;          /* constant; a descriptor; owned; -1: no signal is waited for */
    int ended;            /* constant; a descriptor, readable when the work has ended; owned */
    pthread_t thread;     /* constant */
};

/*
 * Starts to wait for the signals, in a thread. Call it before other threads are started. Returns 0
 * or -errno.
 */
int interruption_begin(struct interruption *interruption);

/* For work that is never asked to end: signals end the process, as they do without this. */
void interruption_never(struct interruption *interruption);

/* Whether the work is to end. Thread-safe. */
bool interruption_asked(const struct interruption *interruption);

/* Waits, but no longer than until the work is to end. */
void interruption_pause(const struct interruption *interruption, int64_t ms);

/* Stops waiting for signals. If one came, ends the process by it; else returns. */
void interruption_end(struct interruption *interruption);

#endif
