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
    uint8_t state;   /* of the format, at `place` */
    size_t read;     /* how many bytes at `next` have been read; they are those at `place` */
    const uint8_t *next;
    uint8_t buffer[READ_STEP];
};

static void begin_row_walk(struct row_walk *walk, uint64_t block)
{
    walk->place = block * INDEX_BLOCK;
    walk->end = min_u64(walk->place + INDEX_BLOCK, walk->index->size);
    walk->passed = 0;
    walk->state = record_index_state_at(walk->index, block);
    walk->read = 0;
}

static int read_rows_on(struct row_walk *walk)
{
    walk->read = (size_t)min_u64(walk->end - walk->place, sizeof(walk->buffer));
    walk->next = walk->buffer;
    return content_probe(walk->reading, walk->buffer, walk->read, walk->place);
}

/* Moves on by bytes that have been read. */
static void move_row_walk(struct row_walk *walk, size_t bytes, uint64_t ends)
{
    walk->passed += ends;
    walk->place += bytes;
    walk->next += bytes;
    walk->read -= bytes;
}

/* Moves past what has been read, or past the `nth` record end of the block if that is there. */
static void take_walk_step(struct row_walk *walk, uint64_t nth)
{
    const struct record_format *format = walk->index->format;
    uint8_t after = walk->state;
    uint64_t ends = format->count_ends(format, walk->next, walk->read, &after);

    if (walk->passed + ends < nth) {
        walk->state = after;
        move_row_walk(walk, walk->read, ends);
        return;
    }
    ends = nth - walk->passed;
    size_t end = format->find_end(format, walk->next, walk->read, &walk->state, ends);
    move_row_walk(walk, end + 1, ends);
}

/* Moves past the `nth` record end of the block, which is still ahead. */
static int walk_to(struct row_walk *walk, uint64_t nth)
{
    while (walk->passed < nth) {
        if (walk->place == walk->end)
            return -WRONG_INDEX;
        int error = walk->read == 0 ? read_rows_on(walk) : 0;
        if (error != 0)
            return error;
        take_walk_step(walk, nth);
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
    *offset = record_format_start_after(walk->index->format, walk->place - 1);
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

/* --- counting --------------------------------------------------------------------------------- */

/* Moves to `place`, which lies ahead in the block. */
static int walk_up_to(struct row_walk *walk, uint64_t place)
{
    walk->end = place;
    while (walk->place < place) {
        int error = read_rows_on(walk);
        if (error != 0)
            return error;
        take_walk_step(walk, UINT64_MAX);
    }
    return 0;
}

int rows_count_ends(const struct reading *reading, struct record_index *index, uint64_t place,
                    uint64_t *ends)
{
    const uint64_t block = place / INDEX_BLOCK;
    struct row_walk walk;

    *ends = record_index_ends_before(index, block);
    if (place % INDEX_BLOCK == 0 || record_index_next_end(index, block) != block)
        return 0;
    walk.reading = reading;
    walk.index = index;
    begin_row_walk(&walk, block);
    int error = walk_up_to(&walk, place);
    *ends += walk.passed;
    return error;
}

/* Finds the first record that starts at or after `place`: its number, and where it starts. */
static int find_row_from(const struct reading *reading, struct record_index *index, uint64_t place,
                         uint64_t *row, uint64_t *start)
{
    uint64_t ends = 0;

    *row = place == 0 ? 0 : record_index_records(index);
    *start = min_u64(place, index->size);
    if (place == 0 || place >= index->size)
        return 0;
    int error =
        rows_count_ends(reading, index, place - (index->format->ends_before ? 0 : 1), &ends);
    *row = min_u64(ends + 1, *row);
    return error != 0 ? error : rows_find(reading, index, *row, start);
}

int rows_within(const struct reading *reading, struct record_index *index, uint64_t size,
                uint64_t *rows)
{
    uint64_t start = 0;
    return find_row_from(reading, index, size, rows, &start);
}

int rows_find_boundaries(const struct reading *reading, struct record_index *index, uint64_t *start,
                         uint64_t *end)
{
    uint64_t row = 0;
    int error = find_row_from(reading, index, *start, &row, start);
    return error != 0 ? error : find_row_from(reading, index, *end, &row, end);
}
