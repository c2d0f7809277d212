/* SPDX-License-Identifier: MIT */
/*
 * Which pages of a file were in the page cache, so that a scan can leave it as it found it.
 *
 * The kernel tells this only to a process that owns the file or may write it.
 */
#ifndef BIGFS_CORE_FILE_RESIDENCY_H
#define BIGFS_CORE_FILE_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum residency_kind {
    RESIDENT_ALL, /* or not known: nothing may be dropped in either case */
    RESIDENT_SOME,
    RESIDENT_NONE,
};

struct residency {
    enum residency_kind kind;
    uint8_t *pages; /* RESIDENT_SOME: as from mincore(2); owned */
};

/* Whether the kernel tells this process what is in the page cache. Does not block. */
bool residency_is_told(int fd);

/*
 * Whether nothing of a stretch of a file is in the page cache; false if this cannot be found out.
 * Does not block.
 */
bool residency_is_empty(int fd, uint64_t offset, uint64_t length);

/* Whether all of a stretch is; false if this cannot be found out. Does not block. */
bool residency_is_full(int fd, uint64_t offset, uint64_t length);

/*
 * Whether the bytes, which are mapped, can be touched without waiting: their pages are in the page
 * cache and have been read. A page that is being read counts as cached above, but not here. Only
 * for a process to which the kernel tells that (residency_is_full() was true). Does not block.
 */
bool residency_is_ready(const void *bytes, size_t length);

/*
 * Finds out which of the pages of `length` bytes at `offset` of a file, mapped at `bytes`, are in
 * the page cache. What cannot be found out counts as resident. Does not block. The caller frees it.
 */
void residency_read(struct residency *residency, int fd, void *bytes, uint64_t offset,
                    size_t length);
void residency_free(struct residency *residency);

/* Whether page `index` was in the page cache. */
bool residency_had(const struct residency *residency, size_t index);

#endif
