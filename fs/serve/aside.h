/* SPDX-License-Identifier: MIT */
/*
 * Requests put aside: they wait for something that sends no notice (a lease on a file, a free
 * descriptor) and are tried again from time to time. Meanwhile they occupy neither a thread nor a
 * place in a lane.
 *
 *     request --run--> -HELD_BY_LEASE --aside_wait--> aside --a while--> queued, run again
 *                                                       |
 *                                                       +-- interrupted --> CANCELLED
 *
 * Lock order: a request's lock in libfuse, then aside.lock (the interrupt callback).
 */
#ifndef BIGFS_FS_SERVE_ASIDE_H
#define BIGFS_FS_SERVE_ASIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "fs/serve/request.h"

struct aside {
    void (*work)(void *argument); /* constant; called after a request has been queued */
    void *argument;               /* constant */
    pthread_t thread;             /* constant */
    pthread_mutex_t lock;
    pthread_cond_t change; /* broadcast when a request arrives, and at the end */
    struct list waiting;   /* protected by lock; in order of arrival */
    bool ended;            /* protected by lock */
};

/*
 * Starts a thread. `work` must make the crew work on its queues, and must not block. Returns 0 or
 * -errno.
 */
int aside_start(struct aside *aside, void (*work)(void *argument), void *argument);

/*
 * Answers all waiting requests as if they were interrupted, and ends the thread. Harmless if it was
 * not started and `aside` is all zeros.
 */
void aside_stop(struct aside *aside);

/*
 * Puts aside a copy of a request that runs in a lane, to be run again there. Returns false, without
 * answering the request, if it was first put aside `longest_ms` ago or longer, or if there is no
 * memory. Thread-safe.
 */
bool aside_wait(struct aside *aside, const struct request *request, int64_t longest_ms);

#endif
