/* SPDX-License-Identifier: MIT */
/*
 * A fixed set of buffers for the bytes of pieces.
 *
 * The memory is reserved at the start and touched only as far as it is used. A taken buffer still
 * holds old bytes, so a thread must reply only with what it has written itself.
 */
#ifndef BIGFS_FS_SERVE_BUFFERS_H
#define BIGFS_FS_SERVE_BUFFERS_H

#include <pthread.h>
#include <stddef.h>

struct buffers {
    pthread_mutex_t lock;
    char *memory; /* constant; count * size bytes */
    size_t size;  /* constant */
    size_t count; /* constant */
    char **free;  /* protected by lock; a stack: the last one returned is still in the processor's
                     cache */
    size_t free_count; /* protected by lock */
};

/* Returns 0 or -ENOMEM. */
int buffers_init(struct buffers *buffers, size_t count, size_t size);
void buffers_destroy(struct buffers *buffers);

/* A buffer of `size` bytes. There always is one: each worker has one and takes no second. */
char *buffers_take(struct buffers *buffers);

void buffers_give_back(struct buffers *buffers, char *buffer);

#endif
