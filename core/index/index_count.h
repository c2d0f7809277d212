/* SPDX-License-Identifier: MIT */
/* Counting the records of a stretch of content into an index. */
#ifndef BIGFS_CORE_INDEX_INDEX_COUNT_H
#define BIGFS_CORE_INDEX_INDEX_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/index/record_index.h"

/* Where the stretch that starts at `start` ends: at a multiple of INDEX_STEP (a group), or at
 * `end`. */
uint64_t index_step_end(uint64_t start, uint64_t end);

/*
 * Counts the record ends in the stretch that starts at `start`, up to `end` at most, and adds them
 * to the index after checking that all bytes were of the generation. Skips holes. Leaves the page
 * cache as it was, as far as the kernel tells.
 *
 * The reading must be pinned. Blocks as reads of the file do. Thread-safe. Returns 0, -CANCELLED,
 * -ESTALE, -EIO, -ENOMEM, or why the file cannot be opened.
 */
int index_count(const struct reading *reading, uint64_t start, uint64_t end,
                struct record_index *index);

/*
 * Counts content that comes in order, from its start, while its size is not known yet. One thread
 * at a time may use a feed.
 */
struct index_feed;

/* Makes a feed for records of a format that has an index. NULL: there is no memory. */
struct index_feed *index_feed_new(const struct record_format *format);
void index_feed_free(struct index_feed *feed); /* NULL is allowed */

/* Counts the next bytes. `argument` is the feed. Returns 0 or -ENOMEM. Does not block. */
int index_feed_add(void *argument, const uint8_t *bytes, size_t length);

/* How many bytes were added. */
uint64_t index_feed_size(const struct index_feed *feed);

/*
 * Makes an index of what was added, not finished. The caller owns the reference. NULL: there is no
 * memory.
 */
struct record_index *index_feed_end(struct index_feed *feed);

/*
 * Skips the hole at `start` if it is longer than the stretch: sets *next to the start of the
 * stretch with the next data, or to index->size; otherwise to `start`. Asks the file system once,
 * however long the hole is. Returns as index_count().
 */
int index_pass_hole(const struct reading *reading, struct record_index *index, uint64_t start,
                    uint64_t *next);

#endif
