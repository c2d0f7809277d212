/* SPDX-License-Identifier: MIT */
#include "fs/command/lone_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/content/contents.h"

enum { DESCRIPTORS = 4 };

char *lone_source_resolve(const char *file)
{
    char *path = realpath(file, NULL);
    return path == NULL && errno == ENAMETOOLONG ? strdup(file) : path;
}

/*
 * Opens the directory of a path's last component. Cuts the path there; *name becomes the component.
 */
static int open_parent(char *path, char **name)
{
    char *slash = strrchr(path, '/');

    *name = slash != NULL ? slash + 1 : path;
    if ((*name)[0] == '\0')
        return -EISDIR;
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;
    if (slash != NULL && slash != path)
        *slash = '\0';
    int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void lone_source_pool(struct source_pool *pool, int directory, const struct settings *settings)
{
    source_pool_init(pool, directory, DESCRIPTORS, settings->window_size, settings->window_total);
    pool->extents = settings->extents;
    pool->decoded.limit = settings->decode_memory;
}

int lone_source_open(struct lone_source *lone, const char *path, const struct settings *settings)
{
    AUTO_FREE char *resolved = lone_source_resolve(path);
    char *name = NULL;

    *lone = (struct lone_source){.directory = -1};
    if (resolved == NULL)
        return -errno;
    int directory = open_parent(resolved, &name);
    if (directory < 0)
        return directory;
    lone->directory = directory;
    lone_source_pool(&lone->pool, directory, settings);
    lone->file = source_new(&lone->pool, name, content_types[0]);
    if (lone->file == NULL)
        lone_source_close(lone);
    return lone->directory >= 0 ? 0 : -ENOMEM;
}

void lone_source_close(struct lone_source *lone)
{
    if (lone->directory < 0)
        return;
    source_unref(steal_pointer(&lone->file));
    source_pool_destroy(&lone->pool);
    cleanup_close(&lone->directory);
}

int lone_source_held(struct lone_source *lone, struct source **held)
{
    AUTO_READING struct reading reading = {.source = NULL};
    const struct content_type *type = NULL;
    bool certain = false;

    *held = NULL;
    if (reading_open(lone->file, NULL, &reading, NULL) == 0)
        type = content_held_by(&reading, &certain);
    if (type == NULL)
        return 0;
    *held = source_new(&lone->pool, lone->file->path, type);
    return *held != NULL ? 0 : -ENOMEM;
}
