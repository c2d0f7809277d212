/* SPDX-License-Identifier: MIT */
/*
 * Queries about the holes of a content. An answer is about the reading's generation, at one moment
 * while the file was of it. With -ESTALE there is no answer.
 *
 * All functions are thread-safe. If the content cannot have holes, they answer without touching it.
 * Otherwise they block as content_read() and extent_probe() do, and end if the reading is
 * cancelled.
 */
#ifndef BIGFS_CORE_CONTENT_HOLES_H
#define BIGFS_CORE_CONTENT_HOLES_H

#include <stdint.h>

#include "core/content/content.h"

/*
 * Sets *found to the first byte of this kind in [start, end), or to `end` if there is none. Returns
 * 0, -CANCELLED, or an error as content_read().
 */
int holes_seek(const struct reading *reading, enum extent_kind kind, uint64_t start, uint64_t end,
               uint64_t *found);

/* Counts the bytes of data in [start, end). Returns as holes_seek(). */
int holes_count_data(const struct reading *reading, uint64_t start, uint64_t end, uint64_t *bytes);

#endif
