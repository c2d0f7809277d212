/*
 * Lets the kernel read further ahead in the mount than the 128 KiB that it begins with.
 *
 * The answer to FUSE_INIT can only lower that. It is raised in sysfs, which only root may do; for
 * other users it stays as it is. A separate thread that serves no request writes the file once,
 * after the answer to FUSE_INIT, which would undo it. Then the thread ends.
 */
#ifndef BIGFS_FS_COMMAND_KERNEL_READAHEAD_H
#define BIGFS_FS_COMMAND_KERNEL_READAHEAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

struct kernel_readahead {
    const char *mountpoint; /* constant; absolute */
    sem_t answered;         /* posted when FUSE_INIT has been answered, or at the end */
    atomic_bool ended;
    bool started; /* whether there is a thread; the mount works without one */
    pthread_t thread;
};

/* Starts the thread if possible. The mountpoint must live until kernel_readahead_stop(). */
void kernel_readahead_start(struct kernel_readahead *readahead, const char *mountpoint);

/* Says that FUSE_INIT has been answered. Does not block. Thread-safe. */
void kernel_readahead_go(struct kernel_readahead *readahead);

/* Ends the thread. kernel_readahead_start() must have been called. */
void kernel_readahead_stop(struct kernel_readahead *readahead);

#endif
