/*
 * The threads that receive requests from the kernel and work on them.
 *
 * All are started before the first request, and stay: the memory and the descriptors of the process
 * do not depend on what was asked of it. (The loop of libfuse starts threads as requests come.)
 */
#ifndef BIGFS_FS_SERVE_WORKERS_H
#define BIGFS_FS_SERVE_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include <fuse_lowlevel.h>

#include "fs/serve/receivers.h"

struct workers;

/*
 * Prepares `count` threads that serve the session, of which those receive that `receivers` says:
 * allocates what each needs to receive. For that it calls fuse_session_receive_buf, which must fail
 * with EINTR until this has returned. Returns 0 or -errno.
 */
int workers_new(struct workers **made, struct fuse_session *session, struct receivers *receivers,
                unsigned count);

/* Starts the threads. Returns 0, or -errno if not all could be started. */
int workers_start(struct workers *workers);

/* A descriptor that is readable when the session is at its end; owned by the workers. */
int workers_ended(const struct workers *workers);

/* Whether a request is being worked on. */
bool workers_busy(const struct workers *workers);

/* A number that changes if a request is received or finished. */
uint64_t workers_progress(const struct workers *workers);

/*
 * Ends the session, waits for every worker to end its request, and frees all. Returns 0, or -errno
 * if it could not go on receiving.
 */
int workers_stop(struct workers *workers);

#endif
