/*
 * Boundaries: where records start, found from the bytes around a place alone.
 *
 * A record starts at 0 and after every record end. The boundary of a place is the first record
 * start at or after it. So the records whose first byte lies in [start, end) are exactly the bytes
 * from the boundary of `start` to the boundary of `end`: the rule of `split -n l/K/N`.
 *
 * A search looks at a few KiB first and in larger steps then. What it passes is remembered with the
 * generation (core/record/scan_memory.h). Holes hold no record end and are passed without a look at
 * them. Long stretches are scanned through mmap windows and leave the page cache as it was, as far
 * as the kernel tells how it was (window_done_with).
 *
 * The generation must be pinned (source_pin). All functions are thread-safe and block as reads of
 * the file do; between steps of at most 2 MiB they look whether they were cancelled.
 */
#ifndef BIGFS_CORE_RECORD_BOUNDARY_H
#define BIGFS_CORE_RECORD_BOUNDARY_H

#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/source.h"

/*
 * Finds the first record start at or after `place` in the first `size` bytes of the generation;
 * where there is none it is `size`. Returns 0 and sets *boundary, or -CANCELLED, -ESTALE,
 * -EIO, or why the file cannot be opened.
 */
int boundary_find(struct source *source, struct generation *generation, uint64_t place,
                  uint64_t size, const struct cancel *cancel, uint64_t *boundary);

/*
 * Finds where the first `count` records end: the start of the record after them, or `size` if
 * there are no more. Reads from the start of the file. Returns as boundary_find does.
 */
int boundary_after_records(struct source *source, struct generation *generation, uint64_t count,
                           uint64_t size, const struct cancel *cancel, uint64_t *boundary);

#endif
