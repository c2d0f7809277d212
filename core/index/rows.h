/* SPDX-License-Identifier: MIT */
/*
 * Rows: finds where records begin, by their numbers.
 *
 * The reading must be pinned, and the index must be its index. All functions are thread-safe and
 * block as reads of the file do.
 */
#ifndef BIGFS_CORE_INDEX_ROWS_H
#define BIGFS_CORE_INDEX_ROWS_H

#include <stdint.h>

#include "core/content/reading.h"
#include "core/index/record_index.h"

/*
 * Sets *offset to where record `row` (from 0) begins, or to the size that the index covers if there
 * are no more. Reads at most one block of the content (INDEX_BLOCK). Returns 0, -WRONG_INDEX if the
 * block is not what was indexed, or an error as content_read().
 */
int rows_find(const struct reading *reading, struct record_index *index, uint64_t row,
              uint64_t *offset);

/*
 * Finds where records `first` and `last` (not less than `first`) begin, as rows_find(). Reads at
 * most one block if both are in the same, else two.
 */
int rows_find_both(const struct reading *reading, struct record_index *index, uint64_t first,
                   uint64_t last, uint64_t *start, uint64_t *end);

/*
 * Counts the record ends before `place`, at most the size that the index covers. Reads at most one
 * block. Returns as rows_find().
 */
int rows_count_ends(const struct reading *reading, struct record_index *index, uint64_t place,
                    uint64_t *ends);

/*
 * Sets *rows to how many records begin in the first `size` bytes, at most as many as the index
 * covers. Reads at most two blocks. Returns as rows_find().
 */
int rows_within(const struct reading *reading, struct record_index *index, uint64_t size,
                uint64_t *rows);

/*
 * Replaces *start and *end by the first record starts at or after them, or by the size that the
 * index covers if there is none: as boundary_find_both(), for formats whose boundaries depend on
 * all bytes before them. Reads at most four blocks. Returns as rows_find().
 */
int rows_find_boundaries(const struct reading *reading, struct record_index *index, uint64_t *start,
                         uint64_t *end);

#endif
