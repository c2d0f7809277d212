/* SPDX-License-Identifier: MIT */
/*
 * Types of generated files. Each is a pair of files and a row of the table in fs/generated.
 *
 * There are two sorts. A report is in .bigfs and describes the mount. A text of a view is beside
 * the view's directory, has its name plus an ending, and is made line by line. A text of a large
 * file is made in the same way, as a text of `whole`; it has a name of its own.
 */
#ifndef BIGFS_FS_TREE_GENERATED_TYPE_H
#define BIGFS_FS_TREE_GENERATED_TYPE_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/json.h"
#include "core/base/outcome.h"
#include "core/view/piece_name.h"
#include "core/view/view.h"

struct driver;

/* The longest path in a text: no program can open a longer one. */
enum { TEXT_PATH_MOST = PATH_MAX - 1 };

/* The most bytes of a line of a text: a name and a path as strings of JSON, and what else it has.
 */
enum { TEXT_LINE_MOST = JSON_BYTE_MOST * (PIECE_NAME_MOST + TEXT_PATH_MOST) + 200 };

/* What a text of a view is made of. All pointers are borrowed. */
struct view_text {
    const struct generated_type *type;
    const struct view *view;
    struct view_file file;
    const char *extension; /* of the pieces */
    const char *path;      /* of the file, absolute; NULL unless the type tells it */
    bool computed;         /* the text follows from the size: the file is not read */
    void **kept;           /* what the type keeps between lines that follow each other: the caller
                              frees it with free(3); begins as NULL */
};

/* A line of a text, and where it begins. */
struct text_place {
    uint64_t line;   /* from 0 */
    uint64_t offset; /* bytes */
    uint64_t cursor; /* of view_next() */
};

struct generated_type {
    const char *name; /* of a report or a text of the file; or the ending of a text of a view */
    const char *help; /* what it tells, for people; NULL: nothing is said of it */

    /*
     * Writes a report of the current state. `named`: it may contain paths and names. Does not look
     * at SOURCE. NULL: it is a text of a view.
     */
    void (*write)(FILE *out, struct driver *driver, bool named);

    bool is_of_file; /* it is a text of a large file, not of one of its views */

    /* Of a text of a view: whether a listing shows it beside the view. */
    bool is_listed;

    bool hashes; /* its lines take reading the pieces */

    /*
     * Of a text of a view: it contains the absolute path of the file. So only users who may know
     * paths can open it, and what a compressed file holds has none.
     */
    bool tells_path;

    /* If it tells the path: whether it can be made of a view of the file with this path. */
    bool (*can_tell)(const struct view *view, const char *path);

    /*
     * Writes the line at *place to `line`, which has room for TEXT_LINE_MOST bytes, and moves
     * place->cursor past it; view_text_line() moves the rest. Returns 0, -NO_MORE_PIECES after the
     * last line, or as view_next(), view_resolve(), holes_count_data() and word_find(). Blocks as
     * they do.
     */
    int (*line)(const struct view_text *text, struct text_place *place, char *line, size_t *length);

    /*
     * Whether the whole text follows from the size of a file with these attributes. If so: its
     * length, or TEXT_TOO_LONG; and the line that holds the byte at `offset`. NULL: it never does.
     */
    bool (*is_computed)(const struct view *view, const struct file_identity *identity);
    uint64_t (*length)(const struct view *view, uint64_t size);
    struct text_place (*place_at)(const struct view *view, uint64_t size, uint64_t offset);
};

/* The text might exceed the largest file size. */
#define TEXT_TOO_LONG UINT64_MAX

/* All types, in the order of listings, reports first. Ends with NULL. */
extern const struct generated_type *const generated_types[];

/* The next line of a text, as the type's `line`, or -CANCELLED. */
static inline int view_text_line(const struct view_text *text, struct text_place *place, char *line,
                                 size_t *length)
{
    const struct reading *reading = text->file.reading;
    if (reading != NULL && cancel_asked(reading->cancel))
        return -CANCELLED;
    int error = text->type->line(text, place, line, length);
    if (error != 0) /* a piece that has just disappeared does not end the text */
        return error == -ENOENT ? -ESTALE : error;
    place->line++;
    place->offset += *length;
    return 0;
}

/* Whether a text of a view follows from the size of a file with these attributes. */
static inline bool generated_is_computed(const struct generated_type *type, const struct view *view,
                                         const struct file_identity *identity)
{
    return type->is_computed != NULL && type->is_computed(view, identity);
}

#endif
