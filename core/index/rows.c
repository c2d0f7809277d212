/* SPDX-License-Identifier: MIT */
#include "core/index/rows.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/content.h"

enum { READ_STEP = 32 * 1024 };

/* A walk through one block, from record end to record end. No byte is read twice. */
struct row_walk {
    const struct reading *reading;
    struct record_index *index;
    uint64_t place;  /* how far it has come */
    uint64_t end;    /* of the block */
    uint64_t passed; /* record ends from the start of the block to `place` */
    size_t read;     /* how many bytes at `next` have been read; they are those at `place` */
    const uint8_t *next;
    uint8_t buffer[READ_STEP];
};

static void begin_row_walk(struct row_walk *walk, uint64_t block)
{
    walk->place = block * INDEX_BLOCK;
    walk->end = min_u64(walk->place + INDEX_BLOCK, walk->index->size);
    walk->passed = 0;
    walk->read = 0;
}

static int read_rows_on(struct row_walk *walk)
{
    walk->read = (size_t)min_u64(walk->end - walk->place, sizeof(walk->buffer));
    walk->next = walk->buffer;
    return content_probe(walk->reading, walk->buffer, walk->read, walk->place);
}

/* Moves past the `nth` record end of the block, which is still ahead. */
static int walk_to(struct row_walk *walk, uint64_t nth)
{
    const struct record_format *format = walk->index->format;

    while (walk->passed < nth) {
        if (walk->place == walk->end)
            return -WRONG_INDEX;
        int error = walk->read == 0 ? read_rows_on(walk) : 0;
        if (error != 0)
            return error;
        size_t step = walk->read;
        uint64_t ends = format->count_ends(walk->next, step);
        if (walk->passed + ends >= nth) {
            ends = nth - walk->passed;
            step = format->find_nth_end(walk->next, step, ends) + 1;
        }
        walk->passed += ends;
        walk->place += step;
        walk->next += step;
        walk->read -= step;
    }
    return 0;
}

/* Whether the place of a record is known without reading the file. */
static bool is_row_known(struct record_index *index, uint64_t row, uint64_t *offset)
{
    *offset = row == 0 ? 0 : index->size;
    return row == 0 || row >= record_index_records(index) ||
           record_index_recall(index, row, offset);
}

/* Finds a record, continuing the walk if the record is ahead in the same block. */
static int find_row(struct row_walk *walk, uint64_t row, uint64_t *offset)
{
    uint64_t nth = row; /* record n begins after the nth record end */

    if (is_row_known(walk->index, row, offset))
        return 0;
    uint64_t block = record_index_find(walk->index, &nth);
    if (walk->end == 0 || block != (walk->end - 1) / INDEX_BLOCK || nth < walk->passed)
        begin_row_walk(walk, block);
    int error = walk_to(walk, nth);
    if (error != 0)
        return error;
    *offset = walk->place;
    record_index_remember(walk->index, row, *offset);
    return 0;
}

int rows_find(const struct reading *reading, struct record_index *index, uint64_t row,
              uint64_t *offset)
{
    uint64_t same = 0;
    return rows_find_both(reading, index, row, row, offset, &same);
}

int rows_find_both(const struct reading *reading, struct record_index *index, uint64_t first,
                   uint64_t last, uint64_t *start, uint64_t *end)
{
    struct row_walk walk;
    walk.reading = reading;
    walk.index = index;
    walk.end = 0; /* not begun */

    int error = find_row(&walk, first, start);
    return error != 0 ? error : find_row(&walk, last, end);
}
