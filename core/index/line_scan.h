/* Counts the line ends of a stretch of a source into its index. */
#ifndef BIGFS_CORE_INDEX_LINE_SCAN_H
#define BIGFS_CORE_INDEX_LINE_SCAN_H

#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/source.h"
#include "core/index/line_index.h"

/*
 * The longest stretch that is counted at once, and where a stretch ends at the latest: a group of
 * the index.
 */
enum { LINE_STEP = LINE_GROUP * LINE_BLOCK };

/* Where the stretch that starts at `start` ends: at a multiple of LINE_STEP, or at `end`. */
uint64_t line_step_end(uint64_t start, uint64_t end);

/*
 * Counts the line ends in [start, end), one stretch as above, and adds them to the index when it is
 * sure that all bytes were of the generation. Holes are passed; the page cache is left as it was,
 * as far as the kernel tells.
 *
 * The generation must be pinned. Blocks as reads of the file do. Thread-safe.
 * Returns 0, -CANCELLED, -ESTALE, -EIO, -ENOMEM, or why the file cannot be opened.
 */
int line_scan(struct source *source, struct generation *generation, uint64_t start, uint64_t end,
              const struct cancel *cancel, struct line_index *index);

/*
 * Passes the hole that a stretch begins in, if that is longer than the stretch: *next becomes the
 * start of the stretch with the next data, or index->size; else it is `start`. However long a hole
 * is, this takes one question to the file system. Returns 0, or as line_scan().
 */
int line_scan_pass_hole(struct source *source, struct generation *generation,
                        struct line_index *index, uint64_t start, uint64_t *next);

#endif
