/* SPDX-License-Identifier: MIT */
/* Record ends of one block, as tests add them: the program adds those of many blocks at once. */
#ifndef BIGFS_TESTS_ADD_ENDS_H
#define BIGFS_TESTS_ADD_ENDS_H

#include "core/base/cleanup.h"
#include "core/index/record_index.h"

/* Adds to the count of the block that holds the byte at `offset`. Returns 0 or -ENOMEM. */
static inline int add_ends(struct record_index *index, uint64_t offset, uint64_t ends)
{
    struct group_counts counts = {.of = {0}};
    counts.of[offset / INDEX_BLOCK % INDEX_GROUP] = (uint32_t)ends;
    HOLD_LOCK(&index->lock);
    return record_index_add_group(index, offset / INDEX_STEP, &counts);
}

#endif
