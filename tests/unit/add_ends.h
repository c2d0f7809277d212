/* SPDX-License-Identifier: MIT */
/* Record ends of one block, as tests add them: the program adds those of many blocks at once. */
#ifndef BIGFS_TESTS_ADD_ENDS_H
#define BIGFS_TESTS_ADD_ENDS_H

#include "core/index/record_index.h"

/* Adds to the count of the block that holds the byte at `offset`. Returns 0 or -ENOMEM. */
static inline int add_ends(struct record_index *index, uint64_t offset, uint64_t ends)
{
    const uint32_t count = (uint32_t)ends;
    return record_index_add_blocks(index, offset / INDEX_BLOCK, &count, 1);
}

#endif
