/*
 * The end of a mount. No source can hold it up.
 *
 * In an orderly end every thread finishes its work and is joined. A thread that the kernel holds,
 * in a source that does not answer, may never finish. So the mount is detached first, while it is
 * still served, and then there is a time limit. After it the process closes /dev/fuse, so that
 * callers that still wait get an error, and exits with its threads as they are.
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
    int status; /* constant; to exit with */
};

/*
 * Starts the time limit for everything that follows. If no thread can be started for it, the
 * process exits at once. `fuse` is the session's descriptor.
 */
void departure_begin(struct departure *departure, int fuse, int status);

/* Cancels the time limit, as the end was orderly. */
void departure_end(struct departure *departure);

/*
 * Detaches what is mounted at `mountpoint` if it is the mount with this device. Nothing new can
 * reach the mount, and its users stay. Does not ask the mount anything. `table` is as in
 * core/file/mount_table.h. Returns 0 or -errno.
 */
int departure_detach(int table, const char *mountpoint, dev_t device);

/* Whether the kernel has ended the connection, as after an unmount. */
bool departure_is_over(int fuse);

/*
 * Closes /dev/fuse but keeps the number `fuse` taken by a descriptor with which libfuse believes
 * that the connection has ended. So libfuse unmounts nothing: another mount may be at the
 * mountpoint by now. A program that still waits for an answer gets an error. Returns 0 or -errno.
 */
int departure_close(int fuse);

#endif
