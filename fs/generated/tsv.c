/* SPDX-License-Identifier: MIT */
#include "fs/generated/tsv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/content/holes.h"
#include "core/view/piece_name.h"
#include "fs/generated/tsv_length.h"

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

static size_t write_piece_line(const struct view_text *text, const struct selector *selector,
                               const struct piece_data *data, uint64_t data_bytes, char *line)
{
    const struct view_type *type = text->view->type;
    char name[PIECE_NAME_MOST + 1];

    piece_name_write(text->view, text->extension, view_count(text->view, &text->file), selector,
                     name);
    size_t used = write_escaped(name, line);
    used +=
        (size_t)snprintf(line + used, TEXT_LINE_MOST - used, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64,
                         data->bytes.offset, data->bytes.length, data_bytes);
    if (type->write_columns != NULL)
        used += type->write_columns(data, line + used, TEXT_LINE_MOST - used);
    line[used] = '\n';
    return used + 1;
}

/* Finds a piece and writes its line. */
static int describe_piece(const struct view_text *text, const struct selector *selector, char *line,
                          size_t *length)
{
    const struct view_file *file = &text->file;
    struct piece piece;
    struct piece_data data;

    int error = view_resolve(text->view, selector, file, &piece, &data);
    uint64_t data_bytes = data.bytes.length;
    if (error == 0 && !text->computed)
        error = holes_count_data(file->reading, data.bytes.offset,
                                 data.bytes.offset + data.bytes.length, &data_bytes);
    if (error == 0)
        *length = write_piece_line(text, selector, &data, data_bytes, line);
    return error;
}

static int write_tsv_line(const struct view_text *text, struct text_place *place, char *line,
                          size_t *length)
{
    struct selector selector;
    int error = 0;

    if (place->line == 0)
        *length = tsv_heading(text->view, line);
    else
        error = view_next(text->view, &text->file, &place->cursor, &selector);
    if (error == 0 && place->line > 0)
        error = describe_piece(text, &selector, line, length);
    if (error != 0) /* a piece that has just disappeared does not end the table */
        return error == -ENOENT ? -ESTALE : error;
    place->line++;
    place->offset += *length;
    return 0;
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
