/*
 * VIEW.tsv: a view's table of contents, a line for each piece after a heading line:
 *
 *     name <TAB> offset <TAB> length <TAB> data_bytes [<TAB> first_line <TAB> lines]
 *
 * Offset and length are those of the piece's data in the source, without a repeated header;
 * data_bytes is how many of them are no hole. In `rows` there is also the number of the first line,
 * from 1, and how many lines they are. A tab, line break or backslash in a name is written as "\t",
 * "\n", "\\".
 *
 * Here are the lines. fs/generated/table_length.h knows how long some tables are without making
 * them, fs/generated/table_map.h how to make a part of one again.
 */
#ifndef BIGFS_FS_GENERATED_TABLE_H
#define BIGFS_FS_GENERATED_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/view/piece_name.h"
#include "core/view/view.h"

/* The most bytes that a line has: each of a name's may be written as two. */
enum { TABLE_LINE_MOST = 2 * PIECE_NAME_MOST + 5 * 21 + 2 };

/* A table of a file as one generation has it. What is pointed to is the caller's. */
struct table {
    const struct view *view;
    struct view_file file;
    const char *extension;
    bool computed; /* table_is_computed(): the file is not looked at */
};

/* A line of the table and where its text starts. Line 0 is the heading. */
struct table_place {
    uint64_t line;
    uint64_t offset;
    uint64_t cursor; /* of view_next() */
};

/* Writes the heading, as table_line does. Returns how long it is. */
size_t table_heading(const struct view *view, char *text);

/*
 * Writes the line at *place to `text`, which has room for TABLE_LINE_MOST bytes, and moves *place
 * past it. Returns 0, -NO_MORE_PIECES after the last line, or what view_next, view_resolve and
 * holes_count_data do; blocks as these do.
 */
int table_line(const struct table *table, struct table_place *place, char *text, size_t *length);

#endif
