/* SPDX-License-Identifier: MIT */
#include "fs/tree/handle.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/word_note.h"
#include "fs/tree/node_type.h"

/* Frees a handle, opened or not. */
static void free_handle(struct handle *handle)
{
    if (handle->prefetches)
        prefetch_destroy(&handle->prefetch);
    if (handle->type != NULL && handle->type->close != NULL)
        handle->type->close(handle);
    reading_close(&handle->reading);
    free(handle);
}

int handle_open(struct driver *driver, struct node *node, const struct opener *opener,
                struct handle **handle)
{
    if (node->type->open == NULL)
        return -EISDIR;
    struct handle *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return -ENOMEM;
    int error = node->type->open(driver, node, opener, opened);
    if (error != 0) {
        free_handle(opened);
        return error == -ENOENT ? -ESTALE : error;
    }
    opened->node = node;
    node_hold(&driver->nodes, node);
    opened->prefetches = opened->type->is_piece && driver->settings->cache == CACHE_NONE;
    if (opened->prefetches)
        prefetch_init(&opened->prefetch, &driver->server.prefetch);
    atomic_fetch_add(&driver->opens, 1);
    list_reset(&opened->link);
    HOLD_LOCK(&driver->handles_lock);
    list_append(&driver->handles, &opened->link);
    driver->handle_count++;
    *handle = opened;
    return 0;
}

void handle_close(struct driver *driver, struct handle *handle)
{
    {
        HOLD_LOCK(&driver->handles_lock);
        list_remove(&handle->link);
        driver->handle_count--;
    }
    struct node *node = handle->node;
    free_handle(handle);
    node_forget(&driver->nodes, node, 1);
}

void handle_close_all(struct driver *driver)
{
    while (!list_empty(&driver->handles))
        handle_close(driver, list_object(driver->handles.next, struct handle, link));
}

void handle_sample(struct driver *driver, const struct handle *handle, bool while_open)
{
    sampler_add(&driver->sampler, &handle->reading, while_open);
}

int handle_read(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                const struct cancel *cancel, size_t *got)
{
    return handle->type->read(handle, offset, buffer, size, cancel, got);
}

int handle_read_at_once(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                        size_t *got)
{
    struct piece slice = piece_slice(&handle->piece, offset, size);
    *got = (size_t)piece_length(&slice);
    int error = piece_read_at_once(&slice, &handle->reading, buffer);
    if (error == 0 && !word_is_confirmed(&handle->reading, &handle->word))
        error = -NOT_AT_ONCE;
    return error;
}

int handle_prefetch(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                    size_t *got, struct file_identity *then)
{
    *then = generation_identity(handle->reading.generation);
    return handle_read_at_once(handle, offset, buffer, size, got);
}

bool handle_is_still(const struct handle *handle, const struct file_identity *then)
{
    return reading_is_still(&handle->reading, then);
}

int handle_seek(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                const struct cancel *cancel, uint64_t *found)
{
    return handle->type->seek(handle, kind, offset, cancel, found);
}
