/* SPDX-License-Identifier: MIT */
/* The forms in which bigfs --list writes the table of a view. */
#ifndef BIGFS_FS_COMMAND_TABLE_FORM_H
#define BIGFS_FS_COMMAND_TABLE_FORM_H

#include <stddef.h>

#include "core/view/table_row.h"

/* The most bytes that one function of a form writes. */
enum { TABLE_LINE_MOST = 4096 };

/* Each function writes to `text`, which has room for TABLE_LINE_MOST, and returns how much. */
struct table_form {
    /* What comes before all rows. */
    size_t (*begin)(const struct view *view, char *text);

    /* A row, of which `before` others have been written. */
    size_t (*row)(const struct view *view, const struct table_row *row, uint64_t before,
                  char *text);

    /* What comes after `rows` rows. */
    size_t (*end)(uint64_t rows, char *text);
};

/* What VIEW.tsv holds. */
extern const struct table_form table_as_text;

/*
 * An array of objects, one on each line, whose names are those of the columns. If the name of a
 * piece is not UTF-8, the object also has "name_bytes", an array of numbers.
 */
extern const struct table_form table_as_json;

#endif
