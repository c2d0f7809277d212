/* SPDX-License-Identifier: MIT */
#include "fs/generated/tsv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "fs/generated/tsv_length.h"

static_assert((int)TSV_LINE_MOST <= (int)TEXT_LINE_MOST, "a line of a table is no line of a text");

/* The letter that stands after a backslash for a byte that would forge fields or lines, or 0. */
static char escape_letter(char byte)
{
    static const char bytes[] = "\t\n\\";
    static const char letters[] = "tn\\";

    for (size_t i = 0; bytes[i] != '\0'; i++)
        if (byte == bytes[i])
            return letters[i];
    return 0;
}

/* Writes a name, escaped, and returns the length. */
static size_t write_escaped(const char *name, char *text)
{
    size_t used = 0;
    for (; *name != '\0'; name++) {
        char escape = escape_letter(*name);
        if (escape != 0)
            text[used++] = '\\';
        text[used++] = escape != 0 ? escape : *name;
    }
    return used;
}

size_t tsv_write_row(const struct view *view, const struct table_row *row, char *line)
{
    struct table_number numbers[TABLE_NUMBERS_MOST];
    size_t count = table_row_numbers(view->type, row, numbers);
    size_t used = write_escaped(row->name, line);

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(line + used, TSV_LINE_MOST - used, "\t%" PRIu64, numbers[i].value);
    line[used] = '\n';
    return used + 1;
}

static int write_tsv_line(const struct view_text *text, struct text_place *place, char *line,
                          size_t *length)
{
    struct selector selector;
    struct table_row row;
    int error = 0;

    if (place->line == 0)
        *length = tsv_heading(text->view, line);
    else
        error = view_next(text->view, &text->file, &place->cursor, &selector);
    if (error == 0 && place->line > 0)
        error = table_row_find(text->view, &text->file, text->extension, &selector, text->computed,
                               &row);
    if (error == 0 && place->line > 0)
        *length = tsv_write_row(text->view, &row, line);
    return error;
}

const struct generated_type tsv_text = {
    .name = ".tsv",
    .help = "its table of contents: where each piece is in the file",
    .is_listed = true,
    .line = write_tsv_line,
    .is_computed = tsv_is_computed,
    .length = tsv_length,
    .place_at = tsv_place_at,
};
