/* SPDX-License-Identifier: MIT */
#include "fs/command/index_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/file/file_identity.h"
#include "core/file/mount_table.h"
#include "fs/command/lone_source.h"

enum { FIRST_ROOM = 16 };

/* A directory that is being walked. */
struct tree_level {
    char **names; /* in order; owned, as are the names */
    size_t count;
    size_t next;   /* the index of the next one to visit */
    size_t length; /* of its path */
    dev_t device;
};

struct tree_walk {
    struct index_maker *maker;
    struct index_tally *tally;
    const char *name; /* of the directory where the walk began, in messages */
    struct source_pool pool;
    struct tree_level *levels; /* owned; from that directory down */
    size_t depth;
    size_t room;
    char *path; /* owned; of what is visited, beneath that directory */
    size_t path_room;
};

/* --- a directory ------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    const char *const *one = a;
    const char *const *other = b;
    return strcmp(*one, *other);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void free_level(struct tree_level *level)
{
    for (size_t i = 0; i < level->count; i++)
        free(level->names[i]);
    free((void *)level->names);
}

/* Makes room for one more item, at least doubling the room. */
static int make_item_room(void **items, size_t count, size_t *room, size_t item)
{
    const size_t more = *room > 0 ? 2 * *room : FIRST_ROOM;

    if (count < *room)
        return 0;
    void *moved = reallocarray(*items, more, item);
    if (moved == NULL)
        return -ENOMEM;
    *items = moved;
    *room = more;
    return 0;
}

static int add_name(struct tree_level *level, size_t *room, const char *name)
{
    void *names = (void *)level->names;
    int error = make_item_room(&names, level->count, room, sizeof(level->names[0]));

    level->names = names;
    char *copy = error == 0 ? strdup(name) : NULL;
    if (copy == NULL)
        return -ENOMEM;
    level->names[level->count++] = copy;
    return 0;
}

static int read_names(DIR *listing, struct tree_level *level)
{
    const struct dirent *entry;
    size_t room = 0;
    int error = 0;

    while (error == 0 && (errno = 0, entry = readdir(listing)) != NULL)
        if (!is_dots(entry->d_name))
            error = add_name(level, &room, entry->d_name);
    if (error == 0)
        error = -errno;
    if (level->count > 0)
        qsort((void *)level->names, level->count, sizeof(level->names[0]), by_name);
    return error;
}

/* Opens the directory at walk->path, reads its names, and makes it the level that is walked. */
static int enter_directory(struct tree_walk *walk, dev_t device)
{
    struct tree_level level = {.length = strlen(walk->path), .device = device};
    void *levels = walk->levels;
    int error = make_item_room(&levels, walk->depth, &walk->room, sizeof(walk->levels[0]));

    walk->levels = levels;
    if (error != 0)
        return error;
    AUTO_CLOSE int fd =
        beneath_open(&walk->pool.beneath, walk->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0)
        return fd;
    AUTO_CLOSEDIR DIR *listing = fdopendir(fd);
    if (listing == NULL)
        return -errno;
    (void)steal_fd(&fd);
    error = read_names(listing, &level);
    walk->levels[walk->depth++] = level; /* what was read is visited all the same */
    return error;
}

/* --- what is met ------------------------------------------------------------------------------ */

static void tell_failure(struct tree_walk *walk, int error)
{
    AUTO_FREE char *path = NULL;

    if (error == -ENOENT || error == -ENOTDIR || error == -ELOOP)
        return; /* it vanished, or was replaced */
    if (asprintf(&path, "%s%s%s", walk->name, walk->path[0] != '\0' ? "/" : "", walk->path) < 0)
        path = NULL;
    index_one_fail(walk->tally, path != NULL ? path : walk->name, error);
}

static void visit_regular(struct tree_walk *walk, const struct stat *attributes)
{
    const uint64_t size = (uint64_t)attributes->st_size;
    const uint64_t least = walk->maker->options->settings.min_size;
    AUTO_FREE char *path = NULL;

    if (size < least)
        walk->tally->small++;
    if (size < max_u64(least, 1))
        return;
    if (asprintf(&path, "%s/%s", walk->name, walk->path) < 0) {
        path = NULL;
        tell_failure(walk, -ENOMEM);
        return;
    }
    index_one(walk->maker, &walk->pool, walk->path, path, true, walk->tally);
}

struct device_type {
    dev_t device;
    bool is_bigfs;
};

static void look_for_bigfs(void *argument, const struct mount_entry *entry)
{
    struct device_type *sought = argument;

    if (entry->device == sought->device && strcmp(entry->type, BIGFS_MOUNT_TYPE) == 0)
        sought->is_bigfs = true;
}

static bool is_bigfs(dev_t device)
{
    struct device_type sought = {.device = device};

    (void)mount_table_visit(-1, look_for_bigfs, &sought);
    return sought.is_bigfs;
}

/*
 * Visits what is at walk->path. What the kernel knows without asking the file system tells whether
 * bigfs is mounted there, which shows pieces of what is met elsewhere.
 */
static void visit(struct tree_walk *walk, dev_t device)
{
    struct stat attributes;
    AUTO_CLOSE int fd = beneath_open(&walk->pool.beneath, walk->path, O_PATH | O_NOFOLLOW);

    int error = fd < 0 ? fd : file_recall(fd, "", &attributes);
    if (error == 0 && attributes.st_dev != device && is_bigfs(attributes.st_dev))
        return;
    if (error == 0 && fstat(fd, &attributes) != 0)
        error = -errno;
    if (error == 0 && S_ISDIR(attributes.st_mode))
        error = enter_directory(walk, attributes.st_dev);
    if (error != 0)
        tell_failure(walk, error);
    else if (S_ISREG(attributes.st_mode))
        visit_regular(walk, &attributes);
}

/* Sets walk->path to that of a name in the level. */
static int set_path(struct tree_walk *walk, const struct tree_level *level, const char *name)
{
    const size_t wanted = level->length + strlen(name) + sizeof("/");

    if (wanted > walk->path_room) {
        char *path = realloc(walk->path, 2 * wanted);
        if (path == NULL)
            return -ENOMEM;
        walk->path = path;
        walk->path_room = 2 * wanted;
    }
    (void)snprintf(walk->path + level->length, walk->path_room - level->length, "%s%s",
                   level->length > 0 ? "/" : "", name);
    return 0;
}

static void visit_next(struct tree_walk *walk)
{
    struct tree_level *level = &walk->levels[walk->depth - 1];

    if (level->next == level->count) {
        free_level(level);
        walk->depth--;
        return;
    }
    int error = set_path(walk, level, level->names[level->next++]);
    if (error == 0)
        visit(walk, level->device);
    else
        tell_failure(walk, error);
}

/* Enters the directory where the walk begins. */
static int begin_tree(struct tree_walk *walk, int directory)
{
    struct stat attributes;

    if (fstat(directory, &attributes) != 0)
        return -errno;
    return is_bigfs(attributes.st_dev) ? -MET_OURSELVES : enter_directory(walk, attributes.st_dev);
}

void index_tree(struct index_maker *maker, int directory, const char *name,
                struct index_tally *tally)
{
    struct tree_walk walk = {.maker = maker, .tally = tally, .name = name, .path = strdup("")};

    if (walk.path == NULL) {
        index_one_fail(tally, name, -ENOMEM);
        return;
    }
    lone_source_pool(&walk.pool, directory, &maker->options->settings);
    index_maker_watch(maker, &walk.pool);
    int error = begin_tree(&walk, directory);
    if (error != 0)
        index_one_fail(tally, name, error);
    while (walk.depth > 0 && !interruption_asked(&maker->interruption))
        visit_next(&walk);
    while (walk.depth > 0)
        free_level(&walk.levels[--walk.depth]);
    free(walk.levels);
    free(walk.path);
    source_pool_destroy(&walk.pool);
}
