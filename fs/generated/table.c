#include "fs/generated/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/content/holes.h"

static const char heading[] = "name\toffset\tlength\tdata_bytes";
static const char rows_heading[] = "\tfirst_line\tlines";

size_t table_heading(const struct view *view, char *text)
{
    bool rows = view->kind == VIEW_ROWS;
    return (size_t)snprintf(text, TABLE_LINE_MOST, "%s%s\n", heading, rows ? rows_heading : "");
}

/* The letter that stands after a backslash for a byte that would forge fields or lines, or 0. */
static char escape_of(char byte)
{
    switch (byte) {
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\\':
        return '\\';
    default:
        return 0;
    }
}

/* Writes a name, escaped, and returns how long it has become. */
static size_t write_name(const char *name, char *text)
{
    size_t used = 0;
    for (; *name != '\0'; name++) {
        char escape = escape_of(*name);
        if (escape != 0)
            text[used++] = '\\';
        text[used++] = escape != 0 ? escape : *name;
    }
    return used;
}

static size_t describe(const struct table *table, const struct selector *selector,
                       const struct piece_data *data, uint64_t data_bytes, char *text)
{
    char name[PIECE_NAME_MOST + 1];

    piece_name_write(table->view, table->extension, view_count(table->view, &table->file), selector,
                     name);
    size_t used = write_name(name, text);
    used += (size_t)snprintf(text + used, TABLE_LINE_MOST - used,
                             "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, data->bytes.offset,
                             data->bytes.length, data_bytes);
    if (table->view->kind == VIEW_ROWS)
        used += (size_t)snprintf(text + used, TABLE_LINE_MOST - used, "\t%" PRIu64 "\t%" PRIu64,
                                 data->first_row + 1, data->rows);
    text[used] = '\n';
    return used + 1;
}

/* Writes the line of a piece. */
static int describe_piece(const struct table *table, const struct selector *selector, char *text,
                          size_t *length)
{
    const struct view_file *file = &table->file;
    struct piece piece;
    struct piece_data data;
    uint64_t data_bytes = 0;

    int error = view_resolve(table->view, selector, file, &piece, &data);
    data_bytes = data.bytes.length;
    if (error == 0 && !table->computed)
        error = holes_count_data(file->source, file->generation, data.bytes.offset,
                                 data.bytes.offset + data.bytes.length, file->cancel, &data_bytes);
    if (error == 0)
        *length = describe(table, selector, &data, data_bytes, text);
    return error;
}

int table_line(const struct table *table, struct table_place *place, char *text, size_t *length)
{
    struct selector selector;
    int error = 0;

    if (place->line == 0)
        *length = table_heading(table->view, text);
    else
        error = view_next(table->view, &table->file, &place->cursor, &selector);
    if (error == 0 && place->line > 0)
        error = describe_piece(table, &selector, text, length);
    if (error != 0) /* a piece that was there a moment ago does not end the table */
        return error == -ENOENT ? -ESTALE : error;
    place->line++;
    place->offset += *length;
    return 0;
}
