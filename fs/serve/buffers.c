/* SPDX-License-Identifier: MIT */
#include "fs/serve/buffers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/base/cleanup.h"

int buffers_init(struct buffers *buffers, size_t count, size_t size)
{
    void *memory = mmap(NULL, count * size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    buffers->free = calloc(count, sizeof(char *));
    if (buffers->free == NULL) {
        (void)munmap(memory, count * size);
        return -ENOMEM;
    }
    pthread_mutex_init(&buffers->lock, NULL);
    buffers->memory = memory;
    buffers->size = size;
    buffers->count = count;
    buffers->free_count = count;
    for (size_t i = 0; i < count; i++)
        buffers->free[i] = buffers->memory + i * size;
    return 0;
}

void buffers_destroy(struct buffers *buffers)
{
    assert(buffers->free_count == buffers->count);
    (void)munmap(buffers->memory, buffers->count * buffers->size);
    free(buffers->free);
    pthread_mutex_destroy(&buffers->lock);
}

char *buffers_take(struct buffers *buffers)
{
    HOLD_LOCK(&buffers->lock);
    assert(buffers->free_count > 0);
    return buffers->free[--buffers->free_count];
}

void buffers_give_back(struct buffers *buffers, char *buffer)
{
    HOLD_LOCK(&buffers->lock);
    buffers->free[buffers->free_count++] = buffer;
}
