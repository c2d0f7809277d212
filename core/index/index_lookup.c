/* SPDX-License-Identifier: MIT */
#include "core/index/index_lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/file/file_system_kind.h"
#include "core/file/own_path.h"
#include "core/index/index_encoding.h"
#include "core/index/index_names.h"
#include "core/index/index_room.h"
#include "core/index/map_encoding.h"

enum {
    MOST_CANDIDATES = 1024, /* the most indexes of files that begin alike to look at */
    USE_NOTED_S = 60 * 60,
};

static const char damaged[] = "damaged, or of another version";

/* A search for an index of a file. */
struct index_search {
    struct index_directory *directory;
    const struct index_query *query;
    int part;
    struct index_key wanted;    /* of the current file, without the sample */
    struct index_key newest[2]; /* the last one made of the inode, finished and unfinished; size 0:
                                   none */
    int matches[2];             /* how these relate to the file: an enum index_match */
    void *kept;                 /* a reference; the result */
    struct index_key key;       /* of the result */
};

/* Records for sweeps that an index is in use, but not too often. */
static void note_use(int fd)
{
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    struct stat attributes;

    if (fstat(fd, &attributes) == 0 && time(NULL) - attributes.st_mtime > USE_NOTED_S)
        (void)futimens(fd, now);
}

int index_lookup_open(struct index_directory *directory, const struct index_key *place, int part,
                      const char *name, int fd, struct index_key *key)
{
    char right_name[INDEX_NAME_MOST];
    AUTO_CLOSE int opened = openat(part, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (opened < 0)
        return -errno;
    int error = index_decode_key(opened, key);
    if (error == 0) {
        index_directory_name(key, right_name);
        bool right = strcmp(name, right_name) == 0 && key->ends.first == place->ends.first;
        error = right ? 0 : -WRONG_INDEX;
    }
    if (error == -WRONG_INDEX)
        index_directory_discard(directory, place, part, name, fd, damaged);
    return error != 0 ? error : steal_fd(&opened);
}

static const struct kept_type *kept_type_of(const struct index_search *search)
{
    return search->query->format != NULL ? &index_kept_type : &map_kept_type;
}

static void drop_kept(struct index_search *search)
{
    kept_type_of(search)->release(steal_pointer(&search->kept));
}

static int open_candidate(const struct index_search *search, const char *name,
                          struct index_key *key)
{
    return index_lookup_open(search->directory, &search->wanted, search->part, name,
                             search->query->fd, key);
}

/* Whether an undamaged index may be used for the file, whose name or ends it matches. */
static bool may_be_used(const struct index_search *search, enum index_match match)
{
    if (search->directory->strict && !search->key.verified && !search->key.unfinished)
        return false;
    return index_key_match_sample(&search->key, search->query->fd, (int)match) == (int)match;
}

/* Tells of an index that the next sweep removes, if it is made for nothing but to be kept. */
static void check_room(const struct index_search *search, int fd)
{
    enum { DISK_BLOCK = 512 }; /* of st_blocks */
    struct stat attributes;

    if (!search->directory->strict || search->key.unfinished || fstat(fd, &attributes) != 0)
        return;
    const uint64_t bytes = (uint64_t)attributes.st_blocks * DISK_BLOCK;
    if (!index_room_has(search->directory, bytes))
        index_room_warn(search->directory, kept_type_of(search), bytes, NULL, search->query->fd);
}

/* Takes over an index if it is the wanted one (`match`). Returns whether it is. */
static bool take_candidate(struct index_search *search, const char *name, enum index_match match)
{
    AUTO_CLOSE int fd = open_candidate(search, name, &search->key);
    int error = fd < 0 ? fd : kept_type_of(search)->decode(fd, &search->key, &search->kept);

    if (fd >= 0 && error == -WRONG_INDEX)
        index_directory_discard(search->directory, &search->wanted, search->part, name,
                                search->query->fd, damaged);
    if (error != 0)
        return false;
    if (!may_be_used(search, match)) {
        drop_kept(search);
        return false;
    }
    if (match == INDEX_SAME)
        check_room(search, fd);
    note_use(fd);
    return true;
}

/* Remembers the index if it is the last one made of the inode. */
static void consider_candidate(struct index_search *search, const char *name)
{
    struct index_key key = {.size = 0};
    AUTO_CLOSE int fd = open_candidate(search, name, &key);

    if (fd < 0 || !index_key_same_file(&key, &search->wanted))
        return;
    struct index_key *newest = &search->newest[key.unfinished ? 1 : 0];
    if (newest->size == 0 || time_compare(key.ctime, newest->ctime) > 0)
        *newest = key;
}

static void consider_all(struct index_search *search, DIR *listing)
{
    unsigned candidates = 0;
    struct index_name name = {.format = NULL};

    for (const struct dirent *entry;
         candidates < MOST_CANDIDATES && (entry = readdir(listing)) != NULL;) {
        if (!index_file_name_parse(entry->d_name, &name) || name.format != search->query->format ||
            (search->directory->strict && !name.unfinished))
            continue;
        consider_candidate(search, entry->d_name);
        candidates++;
    }
}

/*
 * Begins a search. Returns a descriptor of the part to look in, which the caller owns, or -errno.
 */
static int begin_index_search(struct index_search *search, struct index_directory *directory,
                              const struct index_query *query)
{
    *search = (struct index_search){.directory = directory, .query = query};
    if (directory->path == NULL)
        return -ENOENT;
    AUTO_CLOSE int top = own_path_open(directory->path, OWN_PATH_OPEN);
    if (top == -ENOENT)
        return top;
    int error =
        index_key_make(query->fd, query->format, query->content, query->now, &search->wanted);
    if (error != 0)
        return error;
    search->part = index_directory_open_part(directory, &search->wanted);
    if (search->part == -EPERM)
        index_directory_warn(directory, search->part);
    return search->part;
}

/* Whether a key of the file cannot be one of another file that had its inode number. */
static bool is_identified(const struct index_search *search)
{
    const struct index_key *key = &search->wanted;
    const bool has_id = (key->file_system.words[0] | key->file_system.words[1]) != 0;

    return has_id || key->birth.tv_sec != 0 ||
           !file_system_has(search->query->fd, FILE_SYSTEM_LENDS_INODES);
}

/*
 * Looks for indexes (search->newest) to go on from, and how they relate to the file. Digests of a
 * few blocks tell whether a file has grown, but not two files that begin alike.
 */
static void find_beginnings(struct index_search *search)
{
    AUTO_CLOSEDIR DIR *listing = index_names_list(search->part, ".");

    if (listing != NULL)
        consider_all(search, listing);
    for (size_t i = 0; i < 2; i++) {
        if (search->newest[i].size > 0)
            search->matches[i] =
                index_key_match(&search->newest[i], search->query->fd, search->query->now);
        if (search->matches[i] == INDEX_BEGINS && !is_identified(search))
            search->matches[i] = INDEX_OTHER;
    }
}

static bool has_beginning(struct index_search *search)
{
    find_beginnings(search);
    return search->matches[0] == INDEX_BEGINS;
}

static enum index_match load_newest(struct index_search *search, size_t which)
{
    const int match = search->matches[which];
    char name[INDEX_NAME_MOST];

    if (match <= INDEX_OTHER)
        return INDEX_OTHER;
    index_directory_name(&search->newest[which], name);
    if (!take_candidate(search, name, (enum index_match)match))
        return INDEX_OTHER;
    if (match == INDEX_SAME || kept_type_of(search)->may_grow(search->kept))
        return (enum index_match)match;
    drop_kept(search);
    return INDEX_OTHER;
}

/* Takes the one that is of more, if it can be used. */
static enum index_match load_beginning(struct index_search *search)
{
    find_beginnings(search);
    const size_t first = search->newest[1].covered > search->newest[0].covered ? 1 : 0;
    const enum index_match match = load_newest(search, first);
    return match != INDEX_OTHER ? match : load_newest(search, 1 - first);
}

enum index_match index_lookup(struct index_directory *directory, const struct index_query *query,
                              struct index_key *key, void **kept)
{
    struct index_search search;
    char name[INDEX_NAME_MOST];
    enum index_match match = INDEX_OTHER;
    AUTO_CLOSE int part = begin_index_search(&search, directory, query);

    *kept = NULL;
    if (part < 0)
        return INDEX_OTHER;
    index_directory_name(&search.wanted, name);
    if (take_candidate(&search, name, INDEX_SAME))
        match = INDEX_SAME;
    else if (query->beginnings)
        match = load_beginning(&search);
    if (match != INDEX_OTHER)
        atomic_fetch_add(&directory->found[query->format != NULL ? BUILD_INDEX : BUILD_MAP], 1);
    *key = search.key;
    *kept = search.kept;
    return match;
}

bool index_lookup_has(struct index_directory *directory, const struct index_query *query)
{
    struct index_search search;
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int part = begin_index_search(&search, directory, query);

    if (part < 0)
        return false;
    index_directory_name(&search.wanted, name);
    AUTO_CLOSE int index = open_candidate(&search, name, &search.key);
    return index >= 0 || (query->beginnings && has_beginning(&search));
}
