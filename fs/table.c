#include "fs/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/holes.h"
#include "fs/piece_name.h"

static const char heading[] = "name\toffset\tlength\tdata_bytes";
static const char rows_heading[] = "\tfirst_line\tlines";

enum { LINE_MOST = PIECE_NAME_MOST + 5 * 21 + 2 };

void table_init(struct table *table, const struct view *view, const struct view_file *file,
                const char *extension)
{
    memset(table, 0, sizeof(*table));
    table->view = view;
    table->file = *file;
    table->extension = extension;
    pthread_mutex_init(&table->lock, NULL);
}

void table_destroy(struct table *table)
{
    pthread_mutex_destroy(&table->lock);
}

static struct table_place start_at(struct table *table, uint64_t offset)
{
    HOLD_LOCK(&table->lock);
    return table->last.offset <= offset ? table->last : (struct table_place){0};
}

static void remember(struct table *table, struct table_place place)
{
    HOLD_LOCK(&table->lock);
    table->last = place;
}

static size_t write_heading(const struct table *table, char *text)
{
    bool rows = table->view->kind == VIEW_ROWS;
    return (size_t)snprintf(text, LINE_MOST, "%s%s\n", heading, rows ? rows_heading : "");
}

/* Writes the line of a piece to `text`, which has room for LINE_MOST bytes. */
static int describe_piece(const struct table *table, const struct view_file *file,
                          const struct selector *selector, char *text, size_t *length)
{
    char name[PIECE_NAME_MOST + 1];
    struct piece piece;
    struct piece_data data;
    uint64_t data_bytes = 0;

    int error = view_resolve(table->view, selector, file, &piece, &data);
    if (error == 0)
        error = holes_count_data(file->source, file->generation, data.bytes.offset,
                                 data.bytes.offset + data.bytes.length, file->cancel, &data_bytes);
    if (error != 0)
        return error;
    piece_name_write(table->view, table->extension, view_count(table->view, file), selector, name);
    int used = snprintf(text, LINE_MOST, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, name,
                        data.bytes.offset, data.bytes.length, data_bytes);
    if (table->view->kind == VIEW_ROWS)
        used += snprintf(text + used, LINE_MOST - (size_t)used, "\t%" PRIu64 "\t%" PRIu64,
                         data.first_row + 1, data.rows);
    text[used] = '\n';
    *length = (size_t)used + 1;
    return 0;
}

/* Writes the line at *place to `text` and moves *place behind it. -ENOENT: there is none. */
static int make_line(const struct table *table, const struct view_file *file,
                     struct table_place *place, char *text, size_t *length)
{
    struct selector selector;
    int error = 0;

    if (place->line == 0)
        *length = write_heading(table, text);
    else
        error = view_next(table->view, file, &place->cursor, &selector);
    if (error == 0 && place->line > 0)
        error = describe_piece(table, file, &selector, text, length);
    place->line++;
    place->offset += *length;
    return error;
}

int table_read(struct table *table, uint64_t offset, char *buffer, size_t size,
               const struct cancel *cancel, size_t *got)
{
    struct table_place place = start_at(table, offset);
    struct view_file file = table->file;
    char text[LINE_MOST];
    size_t length = 0;

    file.cancel = cancel;
    *got = 0;
    while (*got < size) {
        struct table_place next = place;
        int error = cancel_asked(cancel) ? -EINTR : make_line(table, &file, &next, text, &length);
        if (error == -ENOENT)
            break;
        if (error != 0)
            return error;
        if (next.offset > offset) {
            size_t skipped = offset > place.offset ? (size_t)(offset - place.offset) : 0;
            size_t part = length - skipped < size - *got ? length - skipped : size - *got;
            memcpy(buffer + *got, text + skipped, part);
            *got += part;
            if (skipped + part < length)
                break; /* the next read begins in this line */
        }
        place = next;
    }
    remember(table, place);
    return 0;
}
