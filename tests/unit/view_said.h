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

#include "core/view/view.h"

struct view_said {
    const char *kind; /* "bytes", "lines", "rows", "extents" or "sorted" */
    bool by_count;    /* of bytes and lines: `size` is a number of pieces */
    uint64_t size;    /* of bytes and lines */
    uint64_t rows;    /* of rows */
    uint64_t header;
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
    *said = (struct view_said){.kind = view.type->name, .header = view.header};
    if (view_said_is_cut(said->kind)) {
        said->by_count = view.partition.by_count;
        said->size = view.partition.value;
    }
    if (strcmp(said->kind, "rows") == 0)
        said->rows = view.rows;
    return 0;
}

enum { VIEW_NAME_MOST = 127 };

/* Writes a name that says this, in one of the ways there are, to VIEW_NAME_MOST + 1 bytes. */
static inline void view_said_write(const struct view_said *said, bool header_first, char *name)
{
    char size[40] = "";
    char header[40] = "";

    if (view_said_is_cut(said->kind))
        (void)snprintf(size, sizeof(size), "@%s%" PRIu64, said->by_count ? "n" : "", said->size);
    else if (strcmp(said->kind, "rows") == 0)
        (void)snprintf(size, sizeof(size), "@%" PRIu64, said->rows);
    if (said->header > 0)
        (void)snprintf(header, sizeof(header), "%sheader=%" PRIu64, size[0] != '\0' ? "," : "@",
                       said->header);
    if (header_first && header[0] == ',')
        (void)snprintf(name, VIEW_NAME_MOST + 1, "%s@%s,%s", said->kind, header + 1, size + 1);
    else
        (void)snprintf(name, VIEW_NAME_MOST + 1, "%s%s%s", said->kind, size, header);
}

static inline bool view_said_same(const struct view_said *one, const struct view_said *other)
{
    return strcmp(one->kind, other->kind) == 0 && one->by_count == other->by_count &&
           one->size == other->size && one->rows == other->rows && one->header == other->header;
}

#endif
