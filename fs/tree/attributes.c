/* SPDX-License-Identifier: MIT */
#include "fs/tree/attributes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/reading.h"
#include "fs/tree/belief.h"
#include "fs/tree/node_type.h"
#include "fs/tree/rights.h"

enum {
    BLOCK_SIZE = 1024 * 1024, /* so that tools that use it read in large steps */
    /*
     * Small steps for directories: after each the kernel decides again whether to request nodes
     * too.
     */
    DIRECTORY_BLOCK_SIZE = 4096,
    STAT_BLOCK_SIZE = 512, /* what st_blocks counts in */
};

blkcnt_t attributes_blocks(uint64_t bytes)
{
    return (blkcnt_t)(bytes / STAT_BLOCK_SIZE + (bytes % STAT_BLOCK_SIZE != 0 ? 1 : 0));
}

void attributes_take_size(struct stat *attributes, const struct stat *source, uint64_t size)
{
    attributes->st_size = (off_t)size;
    attributes->st_blocks = attributes_blocks(size);
    if (size == (uint64_t)source->st_size)
        attributes->st_blocks = source->st_blocks;
}

void attributes_become_directory(struct stat *attributes)
{
    attributes->st_nlink = 1; /* tools take this for "not counted" */
    attributes->st_size = 0;
    attributes->st_blocks = 0;
}

double attributes_believed(const struct driver *driver, const struct node *node,
                           const struct stat *attributes)
{
    if (node->type->attributes_believed == NULL)
        return BELIEVED_SECONDS;
    return node->type->attributes_believed(driver, attributes);
}

/* The files of .bigfs belong to the user who mounted. */
static void control_attributes(const struct driver *driver, struct stat *attributes)
{
    memset(attributes, 0, sizeof(*attributes));
    attributes->st_mode = S_IFREG | 0444;
    attributes->st_uid = getuid();
    attributes->st_gid = getgid();
    attributes->st_atim = driver->started;
    attributes->st_mtim = driver->started;
    attributes->st_ctim = driver->started;
}

void attributes_of(const struct driver *driver, struct node *node, const struct stat *source,
                   struct stat *attributes)
{
    if (node->type->is_control)
        control_attributes(driver, attributes);
    else
        *attributes = *source;
    attributes->st_ino = node->inode;
    attributes->st_rdev = 0;
    attributes->st_mode = rights_mode(driver, node, attributes->st_mode);
    atomic_store(&node->told, attributes->st_mode);
    if (node->type->shape != NULL)
        node->type->shape(driver, node, source, attributes);
    attributes->st_blksize = S_ISDIR(attributes->st_mode) ? DIRECTORY_BLOCK_SIZE : BLOCK_SIZE;
}

/* --- looking at sources ----------------------------------------------------------------------- */

static int look_at_descriptor(void *argument, const struct reading *reading, int fd)
{
    (void)reading;
    return file_look(fd, argument, NULL);
}

/* The attributes of a removed file, as long as it is open. */
static int look_at_removed(struct source *source, struct generation *generation,
                           struct stat *attributes)
{
    AUTO_READING struct reading reading = {.source = NULL};
    int fd = -1;

    reading_of(source, generation, NULL, &reading);
    if (reading_borrow(&reading, &fd) != 0)
        return -ESTALE;
    reading_return(&reading);
    return reading_work(&reading, look_at_descriptor, attributes);
}

int attributes_of_generation(struct source *source, struct generation *generation,
                             struct stat *attributes)
{
    AUTO_READING struct reading now = {.source = NULL};
    int error = reading_find(source, NULL, &now, attributes);

    if (error == -ENOENT)
        return look_at_removed(source, generation, attributes);
    return error == 0 && now.generation != generation ? -ESTALE : error;
}

int attributes_at_path(struct driver *driver, const struct node *node, struct stat *attributes)
{
    AUTO_FREE char *path = node_path(node, NULL);
    return path != NULL ? beneath_stat(&driver->pool.beneath, path, attributes) : -ENOMEM;
}

int attributes_of_type(struct driver *driver, const struct node *node, mode_t type,
                       struct stat *attributes)
{
    int error = attributes_at_path(driver, node, attributes);
    return error == 0 && (attributes->st_mode & S_IFMT) != type ? -ESTALE : error;
}

/* If something else is at the node's path, the name must be looked up again. */
static int as_stale(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -ELOOP ? -ESTALE : error;
}

int attributes_of_large(struct driver *driver, const struct node *node, struct stat *attributes)
{
    int error = beneath_stat(&driver->pool.beneath, node_source(node)->path, attributes);
    if (error == 0 &&
        (!S_ISREG(attributes->st_mode) || !driver_is_large(driver, (uint64_t)attributes->st_size)))
        return -ESTALE;
    return as_stale(error);
}

int attributes_count_blocks(const struct node *node, const struct cancel *cancel,
                            struct stat *attributes)
{
    return node->type->count_blocks != NULL ? node->type->count_blocks(node, cancel, attributes)
                                            : 0;
}

int attributes_now(struct driver *driver, struct node *node, const struct cancel *cancel,
                   struct stat *attributes)
{
    struct stat source = {0};
    int error = node->type->look != NULL ? node->type->look(driver, node, &source) : 0;

    if (error == 0) {
        attributes_of(driver, node, &source, attributes);
        error = attributes_count_blocks(node, cancel, attributes);
    }
    return as_stale(error);
}
