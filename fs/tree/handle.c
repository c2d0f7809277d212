#include "fs/tree/handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/empty_file.h"
#include "core/view/piece_name.h"
#include "fs/generated/text_store.h"
#include "fs/tree/lookup.h"

static int pin(struct driver *driver, const struct node *node, struct handle *handle,
               struct source *source, struct generation *generation)
{
    int error = source_pin(source, generation);
    if (error != 0)
        return error;
    /* A small file's pages belong to its times; what was read of a large one may be kept for long.
     */
    sampler_add(&driver->sampler, source, generation, node->kind == NODE_FILE);
    handle->source = source_ref(source);
    handle->generation = generation_ref(generation);
    return 0;
}

/*
 * Whether the name of a piece still means the bytes for which its node was made; at a second try,
 * whether the file has only grown since.
 */
static int check_piece(struct driver *driver, const struct node *node, bool second_try,
                       const struct cancel *cancel)
{
    const struct node_piece *piece = &node->content.piece;
    struct node_piece now = {0};
    struct stat attributes;

    int error = lookup_piece(driver, node->parent, &piece->selector, cancel, &now, &attributes);
    if (error != 0)
        return error == -ENOENT ? -ESTALE : error;
    bool same = now.generation == piece->generation && now.revision == piece->revision &&
                (second_try || piece_equal(&now.piece, &piece->piece));
    generation_unref(now.generation);
    return same ? 0 : -ESTALE;
}

static int open_piece(struct driver *driver, struct node *node, bool second_try,
                      const struct cancel *cancel, struct handle *handle)
{
    int error = check_piece(driver, node, second_try, cancel);
    if (error != 0)
        return error;
    handle->piece = node->content.piece.piece;
    return pin(driver, node, handle, node_large(node)->content.source,
               node->content.piece.generation);
}

/* Gives a small file its source at its first open; a second opener uses the first one's. */
static struct source *source_of_file(struct driver *driver, struct node *node)
{
    struct node_file *file = &node->content.file;
    AUTO_FREE char *path = node_path(node, NULL);

    if (path == NULL)
        return NULL;
    struct source *source = recent_sources_get(&driver->recent, &driver->pool, path);
    {
        HOLD_LOCK(&driver->nodes.lock);
        if (file->source == NULL)
            file->source = steal_pointer(&source);
    }
    source_unref(source);
    return file->source; /* it lives as long as the node */
}

/*
 * Whether `generation`, which is pinned, is the node's: it is what the node was looked up as, or,
 * at a second try, has grown out of that. The first open decides for all.
 */
static bool is_generation_of(struct driver *driver, struct node *node, bool second_try,
                             struct generation *generation)
{
    struct node_file *file = &node->content.file;
    const struct file_identity now = generation_identity(generation);

    if (!file_identity_equal(&now, &file->identity) &&
        !(second_try && generation_covers(generation, &file->identity)))
        return false;
    HOLD_LOCK(&driver->nodes.lock);
    if (file->generation == NULL)
        file->generation = generation_ref(generation);
    return file->generation == generation;
}

static int open_generation_of_file(struct driver *driver, struct node *node, struct source *source,
                                   struct generation *generation, bool second_try,
                                   struct handle *handle)
{
    uint64_t size = node->content.file.identity.size;
    int error = pin(driver, node, handle, source, generation);

    if (error != 0)
        return error;
    if (!is_generation_of(driver, node, second_try, generation))
        return -ESTALE;
    piece_add(&handle->piece, 0, size);
    return size == 0 ? empty_file_check(source, generation) : 0;
}

static int open_file_node(struct driver *driver, struct node *node, bool second_try,
                          struct handle *handle)
{
    struct source *source = source_of_file(driver, node);
    struct generation *generation = NULL;
    struct stat attributes;

    if (source == NULL)
        return -ENOMEM;
    int error = source_look(source, &generation, &attributes);
    if (error != 0)
        return error;
    error = open_generation_of_file(driver, node, source, generation, second_try, handle);
    generation_unref(generation);
    return error;
}

static int open_table(struct driver *driver, const struct node *node, bool second_try,
                      const struct cancel *cancel, struct handle *handle)
{
    struct source *source = node_large(node)->content.source;
    struct stat attributes;

    int error = source_look_and_pin(source, &handle->generation, &attributes);
    if (error != 0)
        return error;
    handle->source = source_ref(source);
    sampler_add(&driver->sampler, source, handle->generation, false);
    error = table_file_open(&handle->table, driver, node, handle->generation, second_try, cancel);
    if (error == 0)
        handle->kind = HANDLE_TABLE;
    return error;
}

/* The text is one user's: another user gets another node and text. */
static int make_report(struct driver *driver, const struct node *node, uid_t reader)
{
    struct generated *text = node->content.generated.text;
    struct text_store store;
    size_t length = 0;

    text->user = reader;
    int error = report_write(driver, node->content.generated.report, reader, &text->text, &length);
    if (error == 0)
        error = text_store_begin(&store, driver, node, 0);
    if (error != 0)
        return error;
    error = generated_set_length(text, length);
    if (error == 0) {
        text_store_add(&store, text->text, length);
        text_store_finish(&store);
    }
    text_store_free(&store);
    return error;
}

static int open_report(struct driver *driver, const struct node *node, uid_t reader,
                       const struct cancel *cancel, struct handle *handle)
{
    struct generated *text = node->content.generated.text;
    bool make = false;

    handle->kind = HANDLE_REPORT;
    handle->report = text;
    int error = generated_begin(text, cancel, &make);
    if (error != 0)
        return error;
    if (!make)
        return text->user == reader ? 0 : -ESTALE;
    error = make_report(driver, node, reader);
    if (error == 0)
        generated_made(text);
    else
        generated_end(text);
    return error;
}

static int open_node(struct driver *driver, struct node *node, uid_t reader, bool second_try,
                     const struct cancel *cancel, struct handle *handle)
{
    switch (node->kind) {
    case NODE_PIECE:
        handle->kind = HANDLE_PIECE;
        return open_piece(driver, node, second_try, cancel, handle);
    case NODE_FILE:
        handle->kind = HANDLE_PIECE;
        return open_file_node(driver, node, second_try, handle);
    case NODE_TABLE:
        return open_table(driver, node, second_try, cancel, handle);
    case NODE_REPORT:
        return open_report(driver, node, reader, cancel, handle);
    default:
        return -EISDIR;
    }
}

/* Gives back what a handle has, opened or not. */
static void free_handle(struct handle *handle)
{
    if (handle->reads_ahead)
        ahead_destroy(&handle->ahead);
    if (handle->kind == HANDLE_TABLE)
        table_file_close(&handle->table);
    if (handle->source != NULL) {
        source_unpin(handle->source, handle->generation);
        generation_unref(handle->generation);
        source_unref(handle->source);
    }
    free(handle);
}

int handle_open(struct driver *driver, struct node *node, const struct fuse_ctx *reader,
                const struct cancel *cancel, struct handle **handle)
{
    bool second_try = retries_take(&driver->retries, reader->pid, node->inode);
    struct handle *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return -ENOMEM;
    int error = open_node(driver, node, reader->uid, second_try, cancel, opened);
    if (error == -ENOENT)
        error = -ESTALE;
    /* One that waits for an index is run again, and is the second try still. */
    if ((error == -ESTALE && !second_try) ||
        ((error == -AWAITS_INDEX || error == -HELD_BY_LEASE || error == -NO_DESCRIPTOR) &&
         second_try))
        retries_expect(&driver->retries, reader->pid, node->inode);
    if (error != 0) {
        free_handle(opened);
        return error;
    }
    opened->reads_ahead = opened->kind == HANDLE_PIECE && driver->settings->cache == CACHE_NONE;
    if (opened->reads_ahead)
        ahead_init(&opened->ahead, &driver->ahead);
    atomic_fetch_add(&driver->counters.opens, 1);
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
    free_handle(handle);
}

void handle_close_all(struct driver *driver)
{
    while (!list_empty(&driver->handles))
        handle_close(driver, list_object(driver->handles.next, struct handle, link));
}

static int read_piece(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                      size_t *got)
{
    struct piece slice = piece_slice(&handle->piece, offset, size);
    *got = (size_t)piece_length(&slice);
    return piece_read(&slice, handle->source, handle->generation, buffer);
}

int handle_read_at_once(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                        size_t *got)
{
    struct piece slice = piece_slice(&handle->piece, offset, size);
    *got = (size_t)piece_length(&slice);
    return piece_read_at_once(&slice, handle->source, handle->generation, buffer);
}

int handle_read_ahead(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                      size_t *got, struct file_identity *then)
{
    *then = generation_identity(handle->generation);
    return handle_read_at_once(handle, offset, buffer, size, got);
}

bool handle_is_still(const struct handle *handle, const struct file_identity *then)
{
    return source_is_still(handle->source, handle->generation, then);
}

static int read_report(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                       size_t *got)
{
    const struct generated *report = handle->report;
    *got = (size_t)min_u64(size, saturating_sub(report->length, offset));
    if (*got > 0)
        memcpy(buffer, report->text + offset, *got);
    return 0;
}

int handle_read(struct handle *handle, uint64_t offset, char *buffer, size_t size,
                const struct cancel *cancel, size_t *got)
{
    switch (handle->kind) {
    case HANDLE_PIECE:
        return read_piece(handle, offset, buffer, size, got);
    case HANDLE_TABLE:
        return table_file_read(&handle->table, offset, buffer, size, cancel, got);
    case HANDLE_REPORT:
        return read_report(handle, offset, buffer, size, got);
    }
    return -EIO;
}

/* A generated file is data up to its end. */
static int seek_text(struct generated *text, enum extent_kind kind, uint64_t offset,
                     uint64_t *found)
{
    uint64_t length = generated_tell(text, 0);
    if (offset >= length)
        return -NO_MORE_DATA;
    *found = kind == EXTENT_DATA ? offset : length;
    return 0;
}

int handle_seek(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                const struct cancel *cancel, uint64_t *found)
{
    if (handle->kind == HANDLE_TABLE)
        return seek_text(handle->table.node->content.generated.text, kind, offset, found);
    if (handle->kind == HANDLE_REPORT)
        return seek_text(handle->report, kind, offset, found);
    return piece_seek(&handle->piece, handle->source, handle->generation, kind, offset, cancel,
                      found);
}
