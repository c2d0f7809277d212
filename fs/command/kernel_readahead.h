/*
 * Lets the kernel read further ahead in the mount than the 128 KiB that it begins with.
 *
 * What FUSE_INIT answers can only lower that. It is raised in sysfs, which only
 * root may do; for other users it stays as it is. The file is written by a thread of its own that
 * serves no request, once, after FUSE_INIT has been answered, which would undo it; then the thread
 * ends.
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
    bool started; /* whether there is a thread: the mount works without */
    pthread_t thread;
};

/* Starts the thread, if that is possible. The mountpoint must live until kernel_readahead_stop. */
void kernel_readahead_start(struct kernel_readahead *readahead, const char *mountpoint);

/* Says that FUSE_INIT has been answered. Does not block. Thread-safe. */
void kernel_readahead_go(struct kernel_readahead *readahead);

/* Ends the thread, which must have been started with kernel_readahead_start. */
void kernel_readahead_stop(struct kernel_readahead *readahead);

#endif
