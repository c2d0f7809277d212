#include "fs/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/holes.h"
#include "fs/piece_name.h"

static const char heading[] = "name\toffset\tlength\tdata_bytes\n";

enum { LINE_MOST = PIECE_NAME_MOST + 3 * 21 + 2 };

void table_init(struct table *table, const struct view *view, struct source *source,
                struct generation *generation, uint64_t size, const char *extension)
{
    memset(table, 0, sizeof(*table));
    table->view = view;
    table->source = source;
    table->generation = generation;
    table->size = size;
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

/* Writes the line of a piece to `text`, which has room for LINE_MOST bytes. */
static int describe_piece(const struct table *table, const struct selector *selector,
                          const struct cancel *cancel, char *text, size_t *length)
{
    char name[PIECE_NAME_MOST + 1];
    struct piece piece;
    struct range data;
    uint64_t data_bytes = 0;

    int error = view_resolve(table->view, selector, table->source, table->generation, table->size,
                             cancel, &piece, &data);
    if (error == 0)
        error = holes_count_data(table->source, table->generation, data.offset,
                                 data.offset + data.length, cancel, &data_bytes);
    if (error != 0)
        return error;
    piece_name_write(table->view, table->extension, table->size, selector, name);
    *length = (size_t)snprintf(text, LINE_MOST, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", name,
                               data.offset, data.length, data_bytes);
    return 0;
}

/*
 * Writes the line at *place to `text` and moves *place behind it. -ENOENT: there is none.
 */
static int make_line(const struct table *table, struct table_place *place,
                     const struct cancel *cancel, char *text, size_t *length)
{
    struct selector selector;
    int error = 0;

    *length = sizeof(heading) - 1;
    if (place->line == 0)
        memcpy(text, heading, *length);
    else
        error = view_next(table->view, table->source, table->generation, table->size, cancel,
                          &place->cursor, &selector);
    if (error == 0 && place->line > 0)
        error = describe_piece(table, &selector, cancel, text, length);
    place->line++;
    place->offset += *length;
    return error;
}

int table_read(struct table *table, uint64_t offset, char *buffer, size_t size,
               const struct cancel *cancel, size_t *got)
{
    struct table_place place = start_at(table, offset);
    char text[LINE_MOST];
    size_t length = 0;

    *got = 0;
    while (*got < size) {
        struct table_place next = place;
        int error = cancel_asked(cancel) ? -EINTR : make_line(table, &next, cancel, text, &length);
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
