/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes names of views: all that unit tests and fuzz targets of such names know of
 * core/view/view.h.
 */
#ifndef BIGFS_TESTS_VIEW_SAID_H
#define BIGFS_TESTS_VIEW_SAID_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/format/record_formats.h"
#include "core/view/view.h"

struct view_said {
    const char *kind; /* "bytes", "lines", "rows", "extents" or "sorted" */
    bool by_count;    /* `size` or `rows` is a number of pieces */
    uint64_t size;    /* of bytes and lines */
    uint64_t rows;    /* of rows */
    uint64_t header;
    uint64_t from;
    bool has_to;
    uint64_t to;
    struct content_word pin;
    const struct record_format *format; /* NULL: lines, or none */
};

/* What a name leaves open. */
enum { CHUNK_SIZE_OPEN = 7, ROWS_OPEN = 11, HEADER_OPEN = 3 };

static inline int view_said_parse(const char *name, size_t length, struct view *view)
{
    static const struct view_defaults defaults = {
        .chunk_size = CHUNK_SIZE_OPEN, .rows = ROWS_OPEN, .header = HEADER_OPEN};
    return view_parse(name, length, &defaults, view);
}

static inline bool view_said_is_cut(const char *kind)
{
    return strcmp(kind, "bytes") == 0 || strcmp(kind, "lines") == 0;
}

/*
 * Reads a name of `length` bytes. The byte after them here would be a part of a number if it were
 * read. Returns 0, -ENOENT or -ENOMEM.
 */
static inline int view_said_read(const char *name, size_t length, struct view_said *said)
{
    struct view view;
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, name, length);
    copy[length] = '5';
    int error = view_said_parse(copy, length, &view);
    free(copy);
    if (error != 0)
        return error;
    *said = (struct view_said){
        .kind = view.type->name,
        .by_count = view.partition.by_count,
        .header = view.header,
        .from = view.from,
        .has_to = view.has_to,
        .to = view.to,
        .pin = view.pin,
        .format = view.format != default_format ? view.format : NULL,
    };
    if (view_said_is_cut(said->kind))
        said->size = view.partition.value;
    else
        said->rows = view.partition.value;
    return 0;
}

enum { VIEW_NAME_MOST = 255, VIEW_ARGUMENTS_SAID = 6, VIEW_ARGUMENT_MOST = 80 };

/* Writes the name of a format as paths have it, to VIEW_ARGUMENT_MOST bytes. */
static inline void view_said_write_format(const struct record_format *format, char *text)
{
    if (format->delimiter == 0)
        (void)snprintf(text, VIEW_ARGUMENT_MOST, "%s", format->name);
    else if (format->delimiter == ',')
        (void)snprintf(text, VIEW_ARGUMENT_MOST, "csv");
    else
        (void)snprintf(text, VIEW_ARGUMENT_MOST, "csv=%c", format->delimiter);
}

/* Writes the arguments, each in one way. Returns how many there are. */
static inline unsigned view_said_arguments(const struct view_said *said,
                                           char texts[][VIEW_ARGUMENT_MOST])
{
    const uint64_t size = view_said_is_cut(said->kind) ? said->size : said->rows;
    unsigned used = 0;

    if (strcmp(said->kind, "extents") != 0 && strcmp(said->kind, "sorted") != 0)
        (void)snprintf(texts[used++], VIEW_ARGUMENT_MOST, "%s%" PRIu64, said->by_count ? "n" : "",
                       size);
    if (said->header > 0)
        (void)snprintf(texts[used++], VIEW_ARGUMENT_MOST, "header=%" PRIu64, said->header);
    if (said->format != NULL)
        view_said_write_format(said->format, texts[used++]);
    if (said->from > 0)
        (void)snprintf(texts[used++], VIEW_ARGUMENT_MOST, "from=%" PRIu64, said->from);
    if (said->has_to)
        (void)snprintf(texts[used++], VIEW_ARGUMENT_MOST, "to=%" PRIu64, said->to);
    if (said->pin.size > 0)
        (void)snprintf(texts[used++], VIEW_ARGUMENT_MOST,
                       "pin=%" PRIu64 "-%016" PRIx64 "%016" PRIx64, said->pin.size, said->pin.high,
                       said->pin.low);
    return used;
}

/* Writes a name that says this, in one of the ways there are, to VIEW_NAME_MOST + 1 bytes. */
static inline void view_said_write(const struct view_said *said, bool reversed, char *name)
{
    char texts[VIEW_ARGUMENTS_SAID][VIEW_ARGUMENT_MOST];
    const unsigned count = view_said_arguments(said, texts);
    size_t used = (size_t)snprintf(name, VIEW_NAME_MOST + 1, "%s", said->kind);

    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(name + used, VIEW_NAME_MOST + 1 - used, "%c%s", i == 0 ? '@' : ',',
                                 texts[reversed ? count - 1 - i : i]);
}

static inline bool view_said_same(const struct view_said *one, const struct view_said *other)
{
    return strcmp(one->kind, other->kind) == 0 && one->by_count == other->by_count &&
           one->size == other->size && one->rows == other->rows && one->header == other->header &&
           one->from == other->from && one->has_to == other->has_to && one->to == other->to &&
           content_word_equal(&one->pin, &other->pin) && one->format == other->format;
}

#endif
