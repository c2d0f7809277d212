/*
 * The end of a mount, which no source can hold up.
 *
 * In the orderly end every thread finishes what it does and is joined. A thread that the kernel
 * holds, in a source that does not answer, may never be. So the mount is detached first, while it
 * is still served; then there is a time limit. When that is over, the process closes /dev/fuse, so
 * that any caller that still waits gets an error, and leaves with its threads as they are.
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
 * Starts the time limit for all that follows. If there is no thread to be had for it the process
 * leaves at once. `fuse` is the session's descriptor.
 */
void departure_begin(struct departure *departure, int fuse, int status);

/* The orderly end has come: calls the time limit off. */
void departure_end(struct departure *departure);

/*
 * Detaches what is mounted at `mountpoint`, if that is the mount with this device: nothing new
 * meets it, and what is in it stays. Asks nothing of the mount. `table` is as in
 * core/file/mount_table.h. Returns 0 or -errno.
 */
int departure_detach(int table, const char *mountpoint, dev_t device);

/* Whether the kernel has ended the connection, as after an unmount. */
bool departure_is_over(int fuse);

/*
 * Closes /dev/fuse but keeps the number `fuse` taken, and in a state in which libfuse believes that
 * the connection is at its end, and unmounts nothing: at the mountpoint there may be another mount
 * by now. A program that still waits for an answer gets an error. Returns 0 or -errno.
 */
int departure_close(int fuse);

#endif
