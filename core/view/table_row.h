/* SPDX-License-Identifier: MIT */
/* The rows of a view's table of contents: what it tells of each piece, in whatever form. */
#ifndef BIGFS_CORE_VIEW_TABLE_ROW_H
#define BIGFS_CORE_VIEW_TABLE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/view/piece_name.h"
#include "core/view/view.h"

struct table_row {
    char name[PIECE_NAME_MOST + 1];
    struct piece_data data; /* what the piece is, without a repeated header */
    uint64_t data_bytes;    /* how many of these bytes are not in holes */
};

/* A number in a row, and what its column is called. */
struct table_number {
    const char *name;
    uint64_t value;
};

/* How many numbers every row has, and the most that one has. */
enum { TABLE_NUMBERS_COMMON = 3, TABLE_NUMBERS_MOST = 5 };

/*
 * Finds what the table tells of the piece that `selector` selects. `whole`: the file has no holes.
 * Then holes are not looked for, and an arithmetic view does not read the file. Returns 0, or as
 * view_resolve() and holes_count_data(). Blocks as they do.
 */
int table_row_find(const struct view *view, const struct view_file *file, const char *extension,
                   const struct selector *selector, bool whole, struct table_row *row);

/*
 * Sets the numbers that a row of a view of this type has, in the order of the columns, and returns
 * how many they are. `row` may be NULL if only the names are wanted.
 */
size_t table_row_numbers(const struct view_type *type, const struct table_row *row,
                         struct table_number numbers[TABLE_NUMBERS_MOST]);

#endif
