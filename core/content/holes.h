/*
 * Questions about the holes of a generation. The answers are of that generation, and belong to one
 * moment at which the file had it; a caller that gets -ESTALE has none.
 *
 * All functions are thread-safe. Where the file has as many blocks as bytes they answer without
 * touching it; else they block as source_read and extent_probe do, and end when cancelled.
 */
#ifndef BIGFS_CORE_CONTENT_HOLES_H
#define BIGFS_CORE_CONTENT_HOLES_H

#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/source.h"

/*
 * Sets *found to the first byte of this kind in [start, end), or to `end` where there is none.
 * Returns 0, -CANCELLED, or as source_read does.
 */
int holes_seek(struct source *source, struct generation *generation, enum extent_kind kind,
               uint64_t start, uint64_t end, const struct cancel *cancel, uint64_t *found);

/* Counts the bytes of data in [start, end). Returns as holes_seek does. */
int holes_count_data(struct source *source, struct generation *generation, uint64_t start,
                     uint64_t end, const struct cancel *cancel, uint64_t *bytes);

#endif
