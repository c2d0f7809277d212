/* SPDX-License-Identifier: MIT */
/*
 * Where records start, in any format: from the bytes around a place (core/record/boundary.h), or by
 * the index if the format needs one (core/index/rows.h).
 *
 * The reading must be pinned. Its size limits the part of the content that is searched. `index` is
 * the reading's if the format needs one, and NULL otherwise. All functions are thread-safe. They
 * block and fail as boundary_find() and rows_find().
 */
#ifndef BIGFS_CORE_RECORD_RECORD_START_H
#define BIGFS_CORE_RECORD_RECORD_START_H

#include <stdint.h>

#include "core/content/reading.h"
#include "core/format/record_format.h"
#include "core/index/record_index.h"

/* Finds the first record start at or after `place`, or the size if there is none. */
int record_start_find(const struct reading *reading, const struct record_format *format,
                      struct record_index *index, uint64_t place, uint64_t *start);

/* Replaces both by the first record starts at or after them, as boundary_find_both(). */
int record_start_find_both(const struct reading *reading, const struct record_format *format,
                           struct record_index *index, uint64_t *start, uint64_t *end);

/* Finds the end of the first `count` records, or the size if there are fewer. */
int record_start_after(const struct reading *reading, const struct record_format *format,
                       struct record_index *index, uint64_t count, uint64_t *end);

#endif
