/* SPDX-License-Identifier: MIT */
#include "fs/generated/tsv_length.h"

#include <stdio.h>

#include "core/base/checked.h"
#include "core/view/piece_name.h"
#include "core/view/span.h"
#include "core/view/table_row.h"

size_t tsv_heading(const struct view *view, char *text)
{
    struct table_number numbers[TABLE_NUMBERS_MOST];
    size_t count = table_row_numbers(view->type, NULL, numbers);
    size_t used = (size_t)snprintf(text, TSV_LINE_MOST, "name");

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, TSV_LINE_MOST - used, "\t%s", numbers[i].name);
    text[used] = '\n';
    return used + 1;
}

/* The longest line: four numbers of at most 20 digits, each with the byte that ends it. */
enum { LONGEST_LINE = 4 * (20 + 1) };

bool tsv_is_computed(const struct view *view, const struct file_identity *identity)
{
    return view->type->is_arithmetic && !file_may_have_holes(identity);
}

/* The first of `count` pieces that starts at or after `place`, or `count`. */
static uint64_t first_piece_from(const struct view *view, uint64_t size, uint64_t count,
                                 uint64_t place)
{
    uint64_t low = 0;
    while (low < count) {
        uint64_t middle = low + (count - low) / 2;
        if (span_place(view, size, middle) >= place)
            count = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The total digits of the offsets of the first `count` pieces. */
static uint64_t offset_digits(const struct view *view, uint64_t size, uint64_t count)
{
    uint64_t digits = count;
    for (uint64_t power = 10; power <= size; power *= 10) {
        digits += count - first_piece_from(view, size, count, power);
        if (power > UINT64_MAX / 10)
            break;
    }
    return digits;
}

static uint64_t nominal_length(const struct view *view, uint64_t size, uint64_t index)
{
    return span_place(view, size, index + 1) - span_place(view, size, index);
}

/*
 * The total digits of the lengths of the first `count` pieces. Lengths never grow from one piece to
 * the next: by size, the last one is shorter; by number, the first ones are longer.
 */
static uint64_t length_digits(const struct view *view, uint64_t size, uint64_t count)
{
    uint64_t digits = count;
    if (count == 0)
        return 0;
    uint64_t longest = nominal_length(view, size, 0);
    for (uint64_t power = 10; power <= longest; power *= 10) {
        uint64_t low = 0;
        uint64_t high = count;
        while (low < high) { /* finds the first shorter piece */
            uint64_t middle = low + (high - low) / 2;
            if (nominal_length(view, size, middle) < power)
                high = middle;
            else
                low = middle + 1;
        }
        digits += low;
        if (power > UINT64_MAX / 10)
            break;
    }
    return digits;
}

/* Where the line of piece `index` begins. */
static uint64_t tsv_line_start(const struct view *view, uint64_t size, uint64_t index)
{
    const struct view_file file = {.size = size};
    const struct selector first = {.kind = SELECT_NUMBER};
    char text[TSV_LINE_MOST];
    char name[PIECE_NAME_MOST + 1];

    piece_name_write(view, "", view_count(view, &file), &first, name);
    uint64_t fixed = 0; /* the name, three tabs and the line's end */
    while (name[fixed] != '\0')
        fixed++;
    fixed += 4;
    return tsv_heading(view, text) + index * fixed + offset_digits(view, size, index) +
           2 * length_digits(view, size, index);
}

uint64_t tsv_length(const struct view *view, uint64_t size)
{
    const struct view_file file = {.size = size};
    const uint64_t count = view_count(view, &file);
    return count <= OFFSET_MAX / LONGEST_LINE ? tsv_line_start(view, size, count) : TEXT_TOO_LONG;
}

struct text_place tsv_place_at(const struct view *view, uint64_t size, uint64_t offset)
{
    const struct view_file file = {.size = size};
    uint64_t low = 0; /* the line of this piece begins at or before offset, … */
    uint64_t high = view_count(view, &file); /* … and the line of this one after it */

    if (offset < tsv_line_start(view, size, 0))
        return (struct text_place){0};
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (tsv_line_start(view, size, middle) <= offset)
            low = middle;
        else
            high = middle;
    }
    return (struct text_place){low + 1, tsv_line_start(view, size, low), low};
}
