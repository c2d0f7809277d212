/* SPDX-License-Identifier: MIT */
#include "fs/tree/file_node.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/content/contents.h"
#include "core/content/empty_file.h"
#include "fs/tree/attributes.h"
#include "fs/tree/belief.h"
#include "fs/tree/piece_handle.h"

/*
 * Includes the ctime. If only that has moved, the content may be another one whose mtime was set
 * back, and the kernel's cached pages belong to the node.
 */
static void print_file(const union node_content *content, struct fingerprint *print)
{
    const struct file_identity *identity = &content->file.identity;
    *print = (struct fingerprint){{
        (uint64_t)identity->device,
        (uint64_t)identity->inode,
        identity->size,
        (uint64_t)identity->mtime.tv_sec,
        (uint64_t)identity->mtime.tv_nsec,
        (uint64_t)identity->ctime.tv_sec,
        (uint64_t)identity->ctime.tv_nsec,
    }};
}

/* All links of a file share one inode number. */
static void seed_file(const union node_content *content, struct inode_seed *seed)
{
    seed->words[1] = (uint64_t)content->file.identity.device;
    seed->words[2] = (uint64_t)content->file.identity.inode;
    seed->unnamed = true;
}

static void release_file(const union node_content *content)
{
    generation_unref(content->file.generation);
    source_unref(content->file.source);
}

/* A small file that is not opened is known by its attributes alone, so growth is not noticed. */
static bool is_file_growing(struct driver *driver, const struct node *node)
{
    AUTO_FREE char *path = node_path(node, NULL);
    return path == NULL || recent_sources_has(&driver->recent, path);
}

/* Whether its generation has ended. */
static bool is_file_over(const struct node *node, const union node_content *wanted)
{
    (void)wanted;
    return node->content.file.generation != NULL &&
           generation_is_over(node->content.file.generation);
}

/*
 * A small file that was never opened is identified by its attributes, an opened one by its
 * generation.
 */
static int look_at_file(struct driver *driver, struct node *node, struct stat *attributes)
{
    const struct node_file *file = &node->content.file;
    struct file_identity now;
    struct source *source;
    struct generation *generation;

    {
        HOLD_LOCK(&driver->nodes.lock);
        source = file->source;
        generation = file->generation;
    }
    if (generation != NULL) /* both live as long as the node, which the kernel knows */
        return attributes_of_generation(source, generation, attributes);
    int error = attributes_at_path(driver, node, attributes);
    if (error != 0)
        return error;
    file_identity_of(attributes, &now);
    return file_identity_same_content(&now, &file->identity) ? 0 : -ESTALE;
}

static void shape_file(const struct driver *driver, const struct node *node,
                       const struct stat *source, struct stat *attributes)
{
    (void)driver;
    attributes_take_size(attributes, source, node->content.file.identity.size);
}

static bool is_file_of_node(const struct node *node, const struct stat *found)
{
    const struct file_identity *known = &node->content.file.identity;
    return found->st_dev == known->device && found->st_ino == known->inode;
}

/* Gives a small file its source at the first open; later opens use the same. */
static struct source *source_of_file(struct driver *driver, struct node *node)
{
    struct node_file *file = &node->content.file;
    AUTO_FREE char *path = node_path(node, NULL);

    if (path == NULL)
        return NULL;
    struct source *source =
        recent_sources_get(&driver->recent, &driver->pool, path, content_types[0]);
    {
        HOLD_LOCK(&driver->nodes.lock);
        if (file->source == NULL)
            file->source = steal_pointer(&source);
    }
    source_unref(source);
    return file->source; /* it lives as long as the node */
}

/*
 * Whether `generation`, which is pinned, is the node's: the one that was looked up or, if growth is
 * accepted, one that has grown out of it. The first open decides for all.
 */
static bool is_generation_of(struct driver *driver, struct node *node, bool accepts_growth,
                             struct generation *generation)
{
    struct node_file *file = &node->content.file;
    const struct file_identity now = generation_identity(generation);

    if (!file_identity_equal(&now, &file->identity) &&
        !(accepts_growth && generation_covers(generation, &file->identity)))
        return false;
    HOLD_LOCK(&driver->nodes.lock);
    if (file->generation == NULL)
        file->generation = generation_ref(generation);
    return file->generation == generation;
}

static int open_file_node(struct driver *driver, struct node *node, const struct opener *opener,
                          struct handle *handle)
{
    struct source *source = source_of_file(driver, node);
    uint64_t size = node->content.file.identity.size;

    if (source == NULL)
        return -ENOMEM;
    int error = reading_look(source, NULL, &handle->reading, NULL);
    if (error == 0)
        error = reading_pin(&handle->reading);
    if (error != 0)
        return error;
    handle->type = &piece_handle;
    handle_sample(driver, handle, true); /* cached pages of a small file belong to its times */
    if (!is_generation_of(driver, node, opener->accepts_growth, handle->reading.generation))
        return -ESTALE;
    piece_add(&handle->piece, 0, size);
    return size == 0 ? empty_file_check(&handle->reading) : 0;
}

const struct node_type file_node = {
    .number = 2,
    .shown_as = S_IFREG,
    .rights = ACL_AS_IT_IS,
    .stands = true,
    .print = print_file,
    .seed = seed_file,
    .release = release_file,
    .is_growing = is_file_growing,
    .is_over = is_file_over,
    .look = look_at_file,
    .shape = shape_file,
    .is_of = is_file_of_node,
    .open = open_file_node,
};
