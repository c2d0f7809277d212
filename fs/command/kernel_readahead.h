/* SPDX-License-Identifier: MIT */
/*
 * Raises the kernel's readahead on the mount above the initial 128 KiB.
 *
 * The answer to FUSE_INIT can only lower it. Only root can raise it, in sysfs; for other users it
 * stays as it is. A thread that serves no requests writes the file once, after FUSE_INIT has been
 * answered (which would reset the value), and then ends.
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

/* Starts the thread, if possible. The mountpoint must live until kernel_readahead_stop. */
void kernel_readahead_start(struct kernel_readahead *readahead, const char *mountpoint);

/* Reports that FUSE_INIT has been answered. Does not block. Thread-safe. */
void kernel_readahead_go(struct kernel_readahead *readahead);

/* Ends the thread. kernel_readahead_start() must have been called. */
void kernel_readahead_stop(struct kernel_readahead *readahead);

#endif
