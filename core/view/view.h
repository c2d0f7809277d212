/*
 * Views: the ways to cut a content, and the names by which they are chosen.
 *
 *     lines@n16,header=2          type, partition, header records
 *     rows@5000                   type, rows of a piece
 *
 * Each type of view is a pair of files and a row of the table in core/view/view_types.h. Nothing
 * here knows about FUSE or nodes. Names are bytes; no function stores them.
 */
#ifndef BIGFS_CORE_VIEW_VIEW_H
#define BIGFS_CORE_VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/piece.h"
#include "core/content/reading.h"
#include "core/format/record_format.h"
#include "core/index/index_directory.h"
#include "core/index/record_index.h"
#include "core/view/partition.h"

struct view_type;

struct view {
    const struct view_type *type;
    const struct record_format *format; /* of views of records */
    struct partition partition;         /* of bytes and lines */
    uint64_t rows;                      /* of rows: how many a piece has */
    uint64_t header;                    /* how many of the first records every piece starts with */
};

/* Values that a view's name may leave out. */
struct view_defaults {
    uint64_t chunk_size;
    uint64_t rows;
    uint64_t header; /* for views of records without arguments */
};

enum selector_kind {
    SELECT_NUMBER, /* piece `offset` of the view */
    SELECT_RANGE,  /* `length` units at `offset`: bytes; in rows, records, counted from 0 */
    SELECT_TAIL,   /* the last `length` units */
};

/*
 * Selects a piece, whatever the file holds at the time. core/view/piece_name.h parses it from a
 * name.
 */
struct selector {
    enum selector_kind kind;
    uint64_t offset;
    uint64_t length;
};

/* A content of one generation, for the functions below. */
struct view_file {
    const struct reading *reading;     /* borrowed; may be NULL if the function does not use it */
    uint64_t size;                     /* bytes; if there is an index, those that it covers */
    struct record_index *index;        /* if the view needs one; else NULL */
    struct index_directory *directory; /* borrowed; where the index, if any, is kept */
};

/* The part of the content that a piece is, without its header. */
struct piece_data {
    struct range bytes;
    uint64_t first_row; /* in rows: its first row, from 0 */
    uint64_t rows;      /* in rows: how many rows it has */
};

/* What a type of view can do. No function stores its arguments. */
struct view_type {
    const char *name;
    bool is_single;     /* it is one piece, not a directory of pieces */
    bool has_records;   /* of whole records: takes `header` and a record format */
    bool needs_index;   /* it shows the part of the file that an index covers */
    bool is_arithmetic; /* without holes, its table depends only on the size */

    /*
     * Whether a listing of a file shows it. Must not start a scan. The reading is not pinned. NULL:
     * always.
     */
    bool (*is_listed)(const struct reading *reading, struct index_directory *directory);

    /* Parses the argument that sets the size of pieces. NULL: the view has no arguments. */
    bool (*parse_size)(const char *text, size_t length, struct view *view);

    /* How many numbered pieces there are. Does not read the file. NULL: pieces are ranges. */
    uint64_t (*count)(const struct view *view, const struct view_file *file);

    /* Finds the data of an existing numbered piece. Required if there is `count`. */
    int (*find_number)(const struct view *view, uint64_t number, const struct view_file *file,
                       struct piece_data *data);

    /* Steps through the pieces, as view_next(). Required if `count` is NULL. */
    int (*next)(const struct view_file *file, uint64_t *cursor, struct selector *selector);

    /* Parses the name of a range. NULL: there are no ranges. */
    bool (*read_range)(const char *name, struct selector *selector);

    /*
     * How many units the file has, for ranges that count from the end. Required if there is
     * `read_range`.
     */
    uint64_t (*units)(const struct view_file *file);

    /* Finds the data of a range (SELECT_RANGE). Required if there are ranges. */
    int (*find_range)(const struct selector *selector, const struct view_file *file,
                      struct piece_data *data);

    /* Columns of its table besides the common ones: headings and values. NULL: none. */
    const char *columns;
    size_t (*write_columns)(const struct piece_data *data, char *text, size_t room);
};

/* Parses VIEW[@ARG[,ARG]…]. Returns 0, or -ENOENT if the name is not of this form. */
int view_parse(const char *name, size_t length, const struct view_defaults *defaults,
               struct view *view);

/* Whether its pieces are numbered; otherwise they are ranges. */
bool view_is_numbered(const struct view *view);

/*
 * If the view needs an index, sets file->index, a reference that the caller owns, and the size to
 * what it covers. In that case the reading must be pinned. Returns as index_get().
 */
int view_file_complete(struct view_file *file, const struct view *view,
                       struct index_directory *directory);

/* How many pieces a file has in a numbered view; 0 in other views. Does not read the file. */
uint64_t view_count(const struct view *view, const struct view_file *file);

/*
 * Steps through the pieces of a view in the order of the file. *cursor is 0 at the start and at
 * most the size otherwise. Sets *selector to the next piece and moves *cursor past it. In a
 * numbered view it does not read the file. Returns 0, -NO_MORE_PIECES after the last piece, or an
 * error as holes_seek().
 */
int view_next(const struct view *view, const struct view_file *file, uint64_t *cursor,
              struct selector *selector);

/*
 * Finds the bytes of a file that a selector selects. Returns 0, -ENOENT if there is no such piece,
 * or an error as boundary_find(), rows_find() and holes_seek().
 */
int view_resolve(const struct view *view, const struct selector *selector,
                 const struct view_file *file, struct piece *piece, struct piece_data *data);

#endif
