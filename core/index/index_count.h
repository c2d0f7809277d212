/* SPDX-License-Identifier: MIT */
/* Counting the records of a stretch of content into an index. */
#ifndef BIGFS_CORE_INDEX_INDEX_COUNT_H
#define BIGFS_CORE_INDEX_INDEX_COUNT_H

#include <stdint.h>

#include "core/content/reading.h"
#include "core/index/record_index.h"

/*
 * The longest stretch that is counted at once, and where a stretch ends at the latest: a group of
 * the index.
 */
enum { INDEX_STEP = INDEX_GROUP * INDEX_BLOCK };

/* Where the stretch that starts at `start` ends: at a multiple of INDEX_STEP, or at `end`. */
uint64_t index_step_end(uint64_t start, uint64_t end);

/*
 * Counts the record ends in [start, end), one stretch as above, and adds them to the index once it
 * is certain that all bytes were of the generation. Holes are passed. The page cache is left as it
 * was, as far as the kernel tells.
 *
 * The reading must be pinned. Blocks as reads of the file do. Thread-safe.
 * Returns 0, -CANCELLED, -ESTALE, -EIO, -ENOMEM, or why the file cannot be opened.
 */
int index_count(const struct reading *reading, uint64_t start, uint64_t end,
                struct record_index *index);

/*
 * Passes the hole that a stretch begins in, if that is longer than the stretch: *next becomes the
 * start of the stretch with the next data, or index->size; else it is `start`. However long a hole
 * is, this takes one question to the file system. Returns 0, or as index_count().
 */
int index_pass_hole(const struct reading *reading, struct record_index *index, uint64_t start,
                    uint64_t *next);

#endif
