/* SPDX-License-Identifier: MIT */
#include "core/view/rows_within.h"

#include "core/base/checked.h"
#include "core/index/rows.h"

/* A search for the first record that begins at or after `size`. */
struct row_search {
    const struct reading *reading;
    struct record_index *index;
    uint64_t size;
    uint64_t low;  /* all records before this one begin before `size` */
    uint64_t high; /* this one and all after it do not */
};

/* Looks where a record in [low, high) begins, which makes the search narrower. */
static int look_at_row(struct row_search *search, uint64_t row)
{
    uint64_t offset = 0;

    if (row < search->low || row >= search->high)
        return 0;
    int error = rows_find(search->reading, search->index, row, &offset);
    if (error != 0)
        return error;
    if (offset < search->size)
        search->low = row + 1;
    else
        search->high = row;
    return 0;
}

/*
 * Looks at the records before and after the block in which `size` lies, by its counts. It is a
 * guess, which saves the search in all other blocks.
 */
static int look_around_block(struct row_search *search)
{
    const uint64_t block = search->size / INDEX_BLOCK;
    const uint64_t next = min_u64(block + 1, search->index->blocks);
    int error = look_at_row(search, record_index_ends_before(search->index, block));

    return error != 0 ? error
                      : look_at_row(search, record_index_ends_before(search->index, next) + 1);
}

int rows_within(const struct reading *reading, struct record_index *index, uint64_t size,
                uint64_t *rows)
{
    struct row_search search = {
        .reading = reading,
        .index = index,
        .size = size,
        .high = record_index_records(index),
    };
    int error = size < index->size ? look_around_block(&search) : 0;

    if (size >= index->size)
        search.low = search.high;
    while (error == 0 && search.low < search.high)
        error = look_at_row(&search, search.low + (search.high - search.low) / 2);
    *rows = search.low;
    return error;
}
