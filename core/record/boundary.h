/* SPDX-License-Identifier: MIT */
/*
 * Boundaries: where records start, found only from the bytes around a place.
 *
 * A record starts at 0 and after every record end. The boundary of a place is the first record
 * start at or after it. So the records whose first byte lies in [start, end) are exactly the bytes
 * from the boundary of `start` to the boundary of `end`: the rule of `split -n l/K/N`.
 *
 * A search looks at a few KiB first and then in larger steps. The results are remembered with the
 * generation (core/record/record_ends.h). Holes hold no record end and are skipped without being
 * read.
 *
 * The reading must be pinned. Its size limits the part of the content that is searched. All
 * functions are thread-safe and block as reads of the file do. They check for cancellation between
 * steps of at most 2 MiB.
 */
#ifndef BIGFS_CORE_RECORD_BOUNDARY_H
#define BIGFS_CORE_RECORD_BOUNDARY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/format/record_format.h"

/*
 * Finds the first record start at or after `place`, or the size if there is none. Returns 0 and
 * sets *boundary, or -CANCELLED, -ESTALE, -EIO, -ENOMEM, or why the file cannot be opened.
 */
int boundary_find(const struct reading *reading, const struct record_format *format, uint64_t place,
                  uint64_t *boundary);

/*
 * Replaces *start and *end by their boundaries, both of one moment: between two separate searches
 * the file may grow and have holes filled, so that their results do not match. Returns as
 * boundary_find(); also -ESTALE if this keeps happening.
 */
int boundary_find_both(const struct reading *reading, const struct record_format *format,
                       uint64_t *start, uint64_t *end);

/*
 * Finds the end of the first `count` records, or the size if there are fewer. Reads from the start
 * of the file. Returns as boundary_find().
 */
int boundary_after_records(const struct reading *reading, const struct record_format *format,
                           uint64_t count, uint64_t *boundary);

#endif
