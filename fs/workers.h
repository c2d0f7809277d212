/*
 * The threads that receive requests from the kernel and work on them.
 *
 * All are started before the first request, and stay: the memory and the descriptors of the process
 * do not depend on what was asked of it. (The loop of libfuse starts threads as requests come.)
 */
#ifndef BIGFS_FS_WORKERS_H
#define BIGFS_FS_WORKERS_H

#include <fuse_lowlevel.h>

#include "fs/receivers.h"

/*
 * Blocks SIGINT, SIGTERM and SIGHUP for this thread and those it starts, so that workers_run can
 * wait for them. Call it before any thread is started.
 */
void workers_block_signals(void);

/*
 * Serves the session with `count` threads, of which those receive that `receivers` says, until it
 * is unmounted or one of these signals comes; then every worker has ended its request and is gone.
 * Returns 0, or -errno where it could not start, or could not go on receiving.
 */
int workers_run(struct fuse_session *session, struct receivers *receivers, unsigned count);

#endif
