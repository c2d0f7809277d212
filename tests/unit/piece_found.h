/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes names of pieces: all that unit tests and fuzz targets of such names know of
 * core/view/piece_name.h.
 */
#ifndef BIGFS_TESTS_PIECE_FOUND_H
#define BIGFS_TESTS_PIECE_FOUND_H

#include "core/view/piece_name.h"
#include "tests/unit/view_said.h"

enum piece_kind { NUMBER, RANGE, TAIL, KEYS };

struct piece_found {
    enum piece_kind kind;
    uint64_t offset; /* of NUMBER and RANGE; rows from 0 */
    uint64_t length; /* of RANGE and TAIL */
};

/* What the names of a file's pieces depend on. */
struct piece_file {
    const char *view; /* a name of a view, with or without arguments */
    const char *extension;
    uint64_t count;
};

/* Reads a name. Returns 0, or -ENOENT if there is no such piece or no such view. */
static inline int piece_found_read(const struct piece_file *file, const char *name,
                                   struct piece_found *found)
{
    static const enum piece_kind kinds[] = {
        [SELECT_NUMBER] = NUMBER,
        [SELECT_RANGE] = RANGE,
        [SELECT_TAIL] = TAIL,
        [SELECT_KEYS] = KEYS,
    };
    struct selector selector;
    struct view view;
    int error = view_said_parse(file->view, strlen(file->view), &view);
    if (error == 0)
        error = piece_name_read(&view, file->extension, file->count, name, &selector);
    if (error == 0)
        *found = (struct piece_found){kinds[selector.kind], selector.offset, selector.length};
    return error;
}

/*
 * Writes the name as a listing has it, to PIECE_NAME_MOST + 1 bytes. A listing has numbers, and
 * ranges of extents.
 */
static inline void piece_found_write(const struct piece_file *file, const struct piece_found *found,
                                     char *name)
{
    static const enum selector_kind kinds[] = {
        [NUMBER] = SELECT_NUMBER, [RANGE] = SELECT_RANGE, [TAIL] = SELECT_TAIL};
    const struct selector selector = {
        .kind = kinds[found->kind], .offset = found->offset, .length = found->length};
    struct view view;
    name[0] = '\0';
    if (view_said_parse(file->view, strlen(file->view), &view) == 0)
        piece_name_write(&view, file->extension, file->count, &selector, name);
}

/* Writes the shortest name that means the same in a view of this kind. */
static inline void piece_found_write_short(const char *kind, const struct piece_found *found,
                                           char *name)
{
    const uint64_t first = strcmp(kind, "rows") == 0 ? 1 : 0;
    if (found->kind == NUMBER)
        (void)snprintf(name, PIECE_NAME_MOST + 1, "%" PRIu64, found->offset);
    else if (found->kind == RANGE)
        (void)snprintf(name, PIECE_NAME_MOST + 1, "%" PRIu64 "+%" PRIu64, found->offset + first,
                       found->length);
    else
        (void)snprintf(name, PIECE_NAME_MOST + 1, "-%" PRIu64, found->length);
}

static inline bool piece_found_same(const struct piece_found *one, const struct piece_found *other)
{
    return one->kind == other->kind && one->offset == other->offset && one->length == other->length;
}

#endif
