/* SPDX-License-Identifier: MIT */
/* How many records the first bytes of a content have, by its index. */
#ifndef BIGFS_CORE_VIEW_ROWS_WITHIN_H
#define BIGFS_CORE_VIEW_ROWS_WITHIN_H

#include <stdint.h>

#include "core/content/reading.h"
#include "core/index/record_index.h"

/*
 * Sets *rows to how many records begin in the first `size` bytes, at most as many as the index
 * covers. The reading must be pinned, and the index its own. Finds them by a search among places of
 * records, which mostly lie in one block. Blocks and fails as rows_find(). Thread-safe.
 */
int rows_within(const struct reading *reading, struct record_index *index, uint64_t size,
                uint64_t *rows);

#endif
