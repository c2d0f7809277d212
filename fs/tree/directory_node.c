/* SPDX-License-Identifier: MIT */
#include "fs/tree/directory_node.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/contents.h"
#include "fs/tree/attributes.h"
#include "fs/tree/control_node.h"
#include "fs/tree/file_node.h"
#include "fs/tree/large_node.h"
#include "fs/tree/listing.h"
#include "fs/tree/symlink_node.h"

static int look_at_directory(struct driver *driver, struct node *node, struct stat *attributes)
{
    return attributes_of_type(driver, node, S_IFDIR, attributes);
}

static void shape_directory(const struct driver *driver, const struct node *node,
                            const struct stat *source, struct stat *attributes)
{
    (void)driver;
    (void)node;
    (void)source;
    attributes->st_nlink = 1;
}

/*
 * The type of node for a file with these attributes, and its content, except for the source of a
 * large file. NULL: it is left out (sockets, FIFOs and devices).
 */
static const struct node_type *type_shown(const struct driver *driver, const struct stat *source,
                                          union node_content *content)
{
    memset(content, 0, sizeof(*content));
    if (S_ISDIR(source->st_mode))
        return &directory_node;
    if (S_ISLNK(source->st_mode))
        return &symlink_node;
    if (!S_ISREG(source->st_mode))
        return NULL;
    if (driver_is_large(driver, (uint64_t)source->st_size))
        return &large_node;
    file_identity_of(source, &content->file.identity);
    return &file_node;
}

static int look_up_in_directory(struct driver *driver, struct node *node, const char *name,
                                const struct cancel *cancel, struct entry *entry)
{
    union node_content content;
    struct stat source = {0};

    (void)cancel;
    if (control_node_is(driver, node, name))
        return control_node_enter(driver, node, entry);
    if (driver->single != NULL && !driver_is_single(driver, name))
        return -ENOENT;
    AUTO_FREE char *path = node_path(node, name);
    if (path == NULL)
        return -ENOMEM;
    int error = beneath_stat_on(&driver->pool.beneath, path, &entry->device, &source);
    if (error != 0)
        return error;
    const struct node_type *type = type_shown(driver, &source, &content);
    if (type == NULL)
        return -ENOENT;
    if (type->is_large) {
        content.source = source_new(&driver->pool, path, content_types[0]);
        if (content.source == NULL)
            return -ENOMEM;
    }
    return entry_make(driver, node, type, name, &content, &source, entry);
}

/* --- listing ---------------------------------------------------------------------------------- */

/* A directory of SOURCE being listed. */
struct source_listing {
    struct listing *listing;
    int directory;
    bool local;    /* as dir_stream.local */
    bool watchful; /* there are mounts that lead back to bigfs, which must not be asked */
};

/*
 * The attributes of an entry. If something from another file system is bound over the name, that
 * file system is not asked, as the listing may wait only for the directory's own.
 */
static int look_at_entry(const struct source_listing *from, const char *name,
                         struct stat *attributes)
{
    const struct node *node = from->listing->node;
    int error = file_recall(from->directory, name, attributes);

    if (error != 0 || from->local || attributes->st_dev != (dev_t)atomic_load(&node->device))
        return error;
    return fstatat(from->directory, name, attributes, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

/* Adds an entry without its node. Returns false if it did not fit. */
static bool add_plain_entry(const struct source_listing *from, const char *name, unsigned char type,
                            off_t next)
{
    union node_content content;
    struct stat attributes = {.st_mode = S_IFDIR};

    /* A directory is not examined, as another file system may be mounted there. */
    if (type != DT_DIR && look_at_entry(from, name, &attributes) != 0)
        return true; /* removed meanwhile */
    const struct node_type *shown = type_shown(from->listing->driver, &attributes, &content);
    return shown == NULL || listing_add_child(from->listing, name, shown, &content, next);
}

/* Adds the entry for this name in SOURCE. Returns false if it did not fit. */
static bool add_source_entry(const struct source_listing *from, const char *name,
                             unsigned char type, off_t next)
{
    struct listing *listing = from->listing;
    struct driver *driver = listing->driver;
    struct entry found = {.device = atomic_load(&listing->node->device)};

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return listing_add_dots(listing, name, next);
    if (control_node_is(driver, listing->node, name))
        return true;
    if (from->watchful && own_mounts_check(&driver->own, from->directory, name) == -MET_OURSELVES)
        return true; /* not listed, so that a walk does not get the ELOOP of a look-up */
    if (listing->with_nodes &&
        entry_look_up(driver, listing->node, name, &listing->cancel, &found) == 0)
        return listing_add_found(listing, name, &found, next);
    return add_plain_entry(from, name, type, next);
}

/* Opens the listed directory. Returns a stream, or NULL and the error. */
static struct dir_stream *open_stream(const struct listing *listing, int *error)
{
    AUTO_FREE char *path = node_path(listing->node, NULL);

    *error = -ENOMEM;
    if (path == NULL)
        return NULL;
    int fd =
        beneath_open(&listing->driver->pool.beneath, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0) {
        *error = fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? -ESTALE : fd;
        return NULL;
    }
    return dir_streams_open(&listing->driver->dirs, fd);
}

/* Adds entries of a stream from a place on, until the reply is full. */
static int list_stream(struct listing *listing, struct dir_stream *stream, off_t offset)
{
    const struct source_listing from = {
        .listing = listing,
        .directory = stream->fd,
        .local = stream->local,
        .watchful = own_mounts_possible(&listing->driver->own),
    };
    const struct dirent64 *entry;
    int error = dir_stream_seek(stream, offset);

    while (error == 0) {
        error = dir_stream_entry(stream, &entry);
        if (error == 0 && !add_source_entry(&from, entry->d_name, entry->d_type, entry->d_off))
            return 0;
        if (error == 0)
            dir_stream_pass(stream);
    }
    return error == -NO_MORE_DATA || listing->used > 0 ? 0 : error;
}

/*
 * Lists a directory of SOURCE; places are those of its file system. The stream is kept for the next
 * reply (fs/tree/dir_streams.h). It is opened if there is none: for the first reply, for a second
 * reader of the same open directory, and if too many were open.
 */
static int list_source(struct listing *listing, off_t offset)
{
    struct dir_streams *dirs = &listing->driver->dirs;
    struct dir_stream *stream = dir_streams_take(dirs, listing->dir);
    int error = 0;

    if (stream == NULL)
        stream = open_stream(listing, &error);
    if (stream == NULL)
        return error;
    error = list_stream(listing, stream, offset);
    dir_streams_keep(dirs, listing->dir, stream);
    return error;
}

/* SOURCE is one file, the only one that its directory shows. */
static int list_single(struct listing *listing, off_t offset)
{
    const struct source_listing from = {
        .listing = listing,
        .directory = listing->driver->directory,
    };
    if (offset == 2)
        (void)add_source_entry(&from, listing->driver->single, DT_UNKNOWN, 3);
    return 0;
}

static int list_directory(struct listing *listing, off_t offset)
{
    return listing->driver->single != NULL ? listing_made_up(listing, offset, list_single)
                                           : list_source(listing, offset);
}

const struct node_type directory_node = {
    .number = 0,
    .shown_as = S_IFDIR,
    .rights = ACL_AS_IT_IS,
    .stands = true,
    .look = look_at_directory,
    .shape = shape_directory,
    .lookup = look_up_in_directory,
    .list = list_directory,
};
