/* SPDX-License-Identifier: MIT */
#include "core/index/index_sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/index/index_names.h"

enum {
    DISK_BLOCK = 512,           /* of st_blocks */
    ABANDONED_S = 24 * 60 * 60, /* after this time a temporary file has no writer any more */
    MOST_ENTRIES = 256 * 1024,  /* the most entries that are compared with each other */
    FIRST_ENTRIES = 256,
};

/* An index that may be removed. */
struct sweep_entry {
    struct index_name name;
    struct timespec used;
    uint64_t bytes;
};

struct sweep {
    int directory;
    const atomic_bool *ending;
    struct index_sweep *sweep;
    bool collects;               /* entries are wanted */
    struct sweep_entry *entries; /* owned */
    size_t count;
    size_t room;
};

static bool is_ending(const struct sweep *walk)
{
    return walk->ending != NULL && atomic_load(walk->ending);
}

/* Remembers an index. Without memory, or if there are too many, ignores it. */
static void collect(struct sweep *walk, const struct sweep_entry *entry)
{
    if (walk->count == walk->room) {
        size_t room = walk->room == 0 ? FIRST_ENTRIES : 2 * walk->room;
        struct sweep_entry *entries = NULL;
        if (room <= MOST_ENTRIES)
            entries = reallocarray(walk->entries, room, sizeof(*entries));
        if (entries == NULL)
            return;
        walk->entries = entries;
        walk->room = room;
    }
    walk->entries[walk->count++] = *entry;
}

static bool is_abandoned(const struct stat *attributes)
{
    return time(NULL) - attributes->st_mtime > ABANDONED_S;
}

/* Examines a file in the part `head`. Returns whether it still exists afterwards. */
static bool visit_file(struct sweep *walk, int part, uint64_t head, const char *name)
{
    struct stat attributes;
    struct sweep_entry entry = {.name.part = head};
    bool temporary = index_name_is_temporary(name);

    if (!temporary && !index_file_name_parse(name, &entry.name))
        return true;
    if (fstatat(part, name, &attributes, AT_SYMLINK_NOFOLLOW) != 0)
        return errno != ENOENT;
    if (!S_ISREG(attributes.st_mode))
        return true;
    if (temporary && is_abandoned(&attributes))
        return unlinkat(part, name, 0) != 0;
    entry.bytes = (uint64_t)attributes.st_blocks * DISK_BLOCK;
    entry.used = attributes.st_mtim;
    walk->sweep->bytes += entry.bytes;
    walk->sweep->indexes += temporary ? 0 : 1;
    if (walk->collects && !temporary)
        collect(walk, &entry);
    return true;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Examines a part, and removes it if it is empty. */
static void visit_part(struct sweep *walk, const char *name, uint64_t head)
{
    bool empty = true;
    AUTO_CLOSEDIR DIR *files = index_names_list(walk->directory, name);

    if (files == NULL)
        return;
    for (const struct dirent *file; !is_ending(walk) && (file = readdir(files)) != NULL;)
        if (!is_dot(file->d_name) && visit_file(walk, dirfd(files), head, file->d_name))
            empty = false;
    if (empty && !is_ending(walk))
        (void)unlinkat(walk->directory, name, AT_REMOVEDIR); /* only if it really is empty */
}

/* Removes what a process left that died while it tried to write. */
static void visit_probe(const struct sweep *walk, const char *name)
{
    struct stat attributes;

    if (fstatat(walk->directory, name, &attributes, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(attributes.st_mode) && is_abandoned(&attributes))
        (void)unlinkat(walk->directory, name, 0);
}

static int walk_through(struct sweep *walk)
{
    uint64_t head = 0;
    AUTO_CLOSEDIR DIR *parts = index_names_list(walk->directory, ".");

    if (parts == NULL)
        return -errno;
    walk->sweep->bytes = 0;
    walk->sweep->indexes = 0;
    walk->count = 0;
    for (const struct dirent *part; !is_ending(walk) && (part = readdir(parts)) != NULL;)
        if (index_part_parse(part->d_name, &head))
            visit_part(walk, part->d_name, head);
        else if (index_name_is_probe(part->d_name))
            visit_probe(walk, part->d_name);
    return 0;
}

static int by_use(const void *a, const void *b)
{
    const struct sweep_entry *one = a;
    const struct sweep_entry *other = b;
    return time_compare(one->used, other->used);
}

static bool remove_entry(const struct sweep *walk, const struct sweep_entry *entry)
{
    char part[INDEX_NAME_MOST];
    char path[2 * INDEX_NAME_MOST];

    index_part_name(entry->name.part, part);
    index_path(&entry->name, path);
    if (unlinkat(walk->directory, path, 0) != 0 && errno != ENOENT)
        return false;
    (void)unlinkat(walk->directory, part, AT_REMOVEDIR); /* only if it is empty now */
    return true;
}

/* What alone is larger than the limit has to go in any case: first, so that others stay. */
static void put_too_large_first(struct sweep *walk, uint64_t limit)
{
    for (size_t i = 0; i < walk->count; i++)
        if (walk->entries[i].bytes > limit)
            walk->entries[i].used = (struct timespec){.tv_sec = INT64_MIN};
}

/* Removes the least recently used indexes. Returns whether any could be removed. */
static bool remove_oldest(struct sweep *walk, uint64_t limit, uint64_t slack)
{
    uint64_t removed = 0;

    put_too_large_first(walk, limit);
    qsort(walk->entries, walk->count, sizeof(walk->entries[0]), by_use);
    for (size_t i = 0; i < walk->count && !is_ending(walk); i++) {
        const bool is_last = walk->sweep->indexes == 1;
        if (walk->sweep->bytes <= (is_last ? limit : limit - slack))
            break;
        if (!remove_entry(walk, &walk->entries[i]))
            continue;
        walk->sweep->bytes -= walk->entries[i].bytes;
        walk->sweep->indexes--;
        removed++;
    }
    walk->sweep->removed += removed;
    return removed > 0;
}

int index_sweep(const char *path, uint64_t limit, uint64_t slack, const atomic_bool *ending,
                struct index_sweep *sweep)
{
    AUTO_CLOSE int directory = index_names_open(path);
    struct sweep walk = {.directory = directory, .ending = ending, .sweep = sweep};

    *sweep = (struct index_sweep){0};
    if (directory < 0)
        return directory;
    int error = walk_through(&walk);
    while (error == 0 && sweep->bytes > limit - slack && !is_ending(&walk)) {
        walk.collects = true;
        error = walk_through(&walk);
        if (walk.count == 0 || !remove_oldest(&walk, limit, slack))
            break;
    }
    free(walk.entries);
    return error;
}
