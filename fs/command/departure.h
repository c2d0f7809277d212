/* SPDX-License-Identifier: MIT */
/*
 * Ends a mount even if a source does not respond.
 *
 * Normally every thread finishes its work and is joined. But a thread may be stuck in the kernel,
 * in a source that does not respond. So the mount is detached first, while it is still served, and
 * a time limit starts. When that expires, the process closes /dev/fuse, so that callers that still
 * wait get an error, and exits without joining its threads.
 */
#ifndef BIGFS_FS_COMMAND_DEPARTURE_H
#define BIGFS_FS_COMMAND_DEPARTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct departure {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool done;  /* protected by lock */
    int fuse;   /* constant; the descriptor of /dev/fuse, borrowed */
    int status; /* constant; the exit status */
};

/*
 * Starts the time limit for everything that follows. If no thread can be started for it, the
 * process exits at once. `fuse` is the session's descriptor.
 */
void departure_begin(struct departure *departure, int fuse, int status);

/* Cancels the time limit, after an orderly end. */
void departure_end(struct departure *departure);

/*
 * Detaches the mount at `mountpoint` if it has this device. No new path leads into it; what is open
 * in it stays open. Sends no request to the mount. `table` is as in core/file/mount_table.h.
 * Returns 0 or -errno.
 */
int departure_detach(int table, const char *mountpoint, dev_t device);

/* Whether the kernel has ended the connection, for example after an unmount. */
bool departure_is_over(int fuse);

/*
 * Closes /dev/fuse, but keeps the number `fuse` in use, in a state in which libfuse believes that
 * the connection has ended. So libfuse unmounts nothing: another mount may be at the mountpoint by
 * now. Programs that still wait for an answer get an error. Returns 0 or -errno.
 */
int departure_close(int fuse);

#endif
