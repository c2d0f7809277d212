/* SPDX-License-Identifier: MIT */
/*
 * VIEW.tsv: a view's table of contents, a line for each piece after a heading line:
 *
 *     name <TAB> offset <TAB> length <TAB> data_bytes [<TAB> first_line <TAB> lines]
 *
 * Offset and length are those of the piece's data in the content, without a repeated header.
 * data_bytes counts those that are not in holes. In `rows` there are also the number of the first
 * record (from 1) and the number of records. A tab, line break or backslash in a name is written as
 * "\t", "\n", "\\".
 */
#ifndef BIGFS_FS_GENERATED_TSV_H
#define BIGFS_FS_GENERATED_TSV_H

#include <stddef.h>

#include "core/view/table_row.h"
#include "fs/tree/generated_type.h"

/*
 * Writes the line of a row of a view, with its line break, to `line`, which has room for
 * TSV_LINE_MOST bytes. Returns its length.
 */
size_t tsv_write_row(const struct view *view, const struct table_row *row, char *line);

extern const struct generated_type tsv_text;

#endif
