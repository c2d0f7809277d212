/*
 * Boundaries: where records start, found from the bytes around a place alone.
 *
 * A record starts at 0 and after every record end. The boundary of a place is the first record
 * start at or after it. So the records whose first byte lies in [start, end) are exactly the bytes
 * from the boundary of `start` to the boundary of `end`: the rule of `split -n l/K/N`.
 *
 * A search looks at a few KiB first and then in larger steps. What it passes is remembered with the
 * generation (core/record/record_ends.h). Holes hold no record end and are passed without a look at
 * them.
 *
 * The reading must be pinned. Its size is that of the part of the content that is searched. All
 * functions are thread-safe and block as reads of the file do. Between steps of at most 2 MiB they
 * look whether they were cancelled.
 */
#ifndef BIGFS_CORE_RECORD_BOUNDARY_H
#define BIGFS_CORE_RECORD_BOUNDARY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/format/record_format.h"

/*
 * Finds the first record start at or after `place`; if there is none it is the size. Returns 0 and
 * sets *boundary, or -CANCELLED, -ESTALE, -EIO, -ENOMEM, or why the file cannot be opened.
 */
int boundary_find(const struct reading *reading, const struct record_format *format, uint64_t place,
                  uint64_t *boundary);

/*
 * Finds the boundaries of *start and of *end, so that both are of one moment: a file may grow and
 * have holes filled between two searches, which then do not fit together. Returns as
 * boundary_find(); -ESTALE also if that happens all the time.
 */
int boundary_find_both(const struct reading *reading, const struct record_format *format,
                       uint64_t *start, uint64_t *end);

/*
 * Finds where the first `count` records end: the start of the record after them, or the size if
 * there are no more. Reads from the start of the file. Returns as boundary_find().
 */
int boundary_after_records(const struct reading *reading, const struct record_format *format,
                           uint64_t count, uint64_t *boundary);

#endif
