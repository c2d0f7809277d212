/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of source files, bounded in number.
 *
 * Each file has a slot (struct open_file) that its owner embeds. Its descriptor is opened on the
 * first use and lent. Loans are counted, and a lent descriptor stays open. Between uses it stays
 * open only while the slot is pinned (a program has the file open), and only until another file
 * needs its place. The least recently used one is closed first.
 *
 * No thread waits for a place. If all descriptors are lent, perhaps because a file system does not
 * answer, there are more than the limit for a while: as many as threads use at that moment. They
 * are closed when they are given back.
 *
 *     closed --get--> lent --put--> idle (pinned slots) --get--> lent …
 *                       |             |
 *                       |             +-- unpin, eviction, relief --> closed
 *                       +-- put of an unpinned slot --------------> closed
 *
 * All functions are thread-safe. None holds a lock while it opens or closes a file.
 */
#ifndef BIGFS_CORE_FILE_OPEN_FILES_H
#define BIGFS_CORE_FILE_OPEN_FILES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"

/* What became of the descriptors that were asked for, since the start. */
struct open_files_counts {
    uint64_t hits;   /* it was open already */
    uint64_t misses; /* the file had to be opened */
};

struct open_files {
    pthread_mutex_t lock;
    unsigned limit;                  /* constant; how many stay open */
    unsigned open;                   /* protected by lock; includes those being opened */
    struct list idle;                /* protected by lock; least recently used first */
    struct open_files_counts counts; /* protected by lock */
};

struct open_file {
    int fd;           /* protected by open_files.lock; -1: closed */
    unsigned lent;    /* protected by open_files.lock */
    unsigned pins;    /* protected by open_files.lock */
    struct list link; /* protected by open_files.lock; in `idle` while open and not lent */
};

/* Opens the file of a slot. Returns a descriptor, which the cache then owns, or -errno. */
typedef int open_file_opener(void *argument);

/* How many descriptors a process with this RLIMIT_NOFILE (soft) should keep at most: 4 to 256. */
unsigned open_files_limit(unsigned long descriptors);

void open_files_init(struct open_files *files, unsigned limit);

/* Every slot must have been closed before. */
void open_files_destroy(struct open_files *files);

void open_file_init(struct open_file *file);

/*
 * Lends the slot's descriptor in *fd, opening it with `opener` if need be; blocks as the opener
 * does. Each success must be matched by one open_files_put. Returns 0, or what the opener returned.
 */
int open_files_get(struct open_files *files, struct open_file *file, open_file_opener *opener,
                   void *argument, int *fd);

/* Lends the slot's descriptor if it is open. Does not block. */
bool open_files_get_open(struct open_files *files, struct open_file *file, int *fd);

void open_files_put(struct open_files *files, struct open_file *file);

/*
 * Keeps the slot's descriptor open between uses, if there is room. Pins are counted;
 * open_files_unpin returns whether it removed the last.
 */
void open_files_pin(struct open_files *files, struct open_file *file);
bool open_files_unpin(struct open_files *files, struct open_file *file);

/* Whether the slot is pinned. */
bool open_files_is_pinned(struct open_files *files, const struct open_file *file);

/* Closes one idle descriptor. Returns false if there is none. */
bool open_files_relieve(struct open_files *files);

/* How many are open now. */
unsigned open_files_count(struct open_files *files);

struct open_files_counts open_files_counts(struct open_files *files);

#endif
