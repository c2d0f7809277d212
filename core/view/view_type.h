/* SPDX-License-Identifier: MIT */
/*
 * What a type of view can do, and what it works on. Each type is a pair of files and a row of the
 * table in core/view/view_types.h. core/view/view.h has what the rest of bigfs calls.
 */
#ifndef BIGFS_CORE_VIEW_VIEW_TYPE_H
#define BIGFS_CORE_VIEW_VIEW_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/piece.h"
#include "core/content/reading.h"
#include "core/format/patterns.h"
#include "core/format/record_format.h"
#include "core/generation/content_word.h"
#include "core/index/index_directory.h"
#include "core/index/record_index.h"
#include "core/view/partition.h"

struct view_type;

struct view {
    const struct view_type *type;
    const struct record_format *format; /* of views of records */
    struct partition partition;         /* in bytes; of rows, in records */
    uint64_t header;                    /* how many of the first records every piece starts with */
    uint64_t from;                      /* where it begins: an offset in the content */
    uint64_t to;                        /* where it ends, if has_to; else where the content does */
    bool has_to;
    struct content_word pin; /* which content it is of; size 0: any */
};

/* What a view's name leaves open. */
struct view_defaults {
    uint64_t chunk_size;
    uint64_t rows;
    uint64_t header;                    /* for views of records without arguments */
    const struct record_format *format; /* the same; NULL: lines */
    const struct patterns *patterns;    /* formats that names may say, too; NULL: none */
};

enum selector_kind {
    SELECT_NUMBER, /* piece `offset` of the view */
    SELECT_RANGE,  /* `length` units at `offset`: bytes; in rows, records, counted from 0 */
    SELECT_TAIL,   /* the last `length` units */
    SELECT_KEYS,   /* the records that `keys` says, as core/view/key_name.h reads it */
};

/*
 * Which piece is meant, whatever the file holds at the time. core/view/piece_name.h reads it from a
 * name.
 */
struct selector {
    enum selector_kind kind;
    uint64_t offset;
    uint64_t length;
    const char *keys; /* borrowed: the name itself, which the caller keeps; NULL in other kinds */
};

/*
 * The arguments that a type may take, or-ed. core/view/view_argument.c says how each is written.
 */
enum view_argument_bit {
    TAKES_SIZE = 1, /* it has `parse_size` and `usual_size` */
    TAKES_HEADER = 2,
    TAKES_FORMAT = 4,
    TAKES_FROM = 8,
    TAKES_TO = 16,
    TAKES_PIN = 32,
};

/* A content as one generation has it, for the functions below. */
struct view_file {
    const struct reading *reading;     /* borrowed; may be NULL if the function does not read it */
    uint64_t size;                     /* bytes: those that the index covers, if there is one, and
                                          those that the view's pin names, if it has one */
    uint64_t records;                  /* if there is an index: how many begin in these bytes */
    struct record_index *index;        /* if the view needs one; else NULL */
    struct index_directory *directory; /* borrowed; if there is an index: where it is kept */
};

/* What of the content a piece is, without its header. */
struct piece_data {
    struct range bytes;
    uint64_t first_row;   /* in rows: which its first one is, from 0 */
    uint64_t rows;        /* in rows: how many they are */
    bool depends_on_size; /* if the file grows it may be another, wherever it lies */
};

/* A number that the table of a view tells of each piece. */
struct view_column {
    const char *name;
    uint64_t (*value)(const struct piece_data *data);
};

/* What a type of view can do. No function keeps what it gets. */
struct view_type {
    const char *name;
    const char *help;        /* what its pieces are, for people: "pieces of the same size" */
    const char *range_help;  /* the names of ranges; NULL: there are none */
    bool is_single;          /* it is one piece, and no directory of pieces */
    bool has_records;        /* its pieces are whole records */
    bool needs_index;        /* it shows the file as far as an index covers that */
    bool has_usual_format;   /* without arguments, its records are those of view_defaults.format */
    bool is_arithmetic;      /* without holes, its table follows from the size */
    bool is_found_only;      /* no listing ever shows it */
    bool is_of_files;        /* compressed contents do not have it */
    bool ranges_have_header; /* a range, too, starts with the header */

    /*
     * Whether a listing of a file shows it, which must not start a scan. The reading is not pinned.
     * NULL: always.
     */
    bool (*is_listed)(const struct reading *reading);

    unsigned takes; /* enum view_argument_bit, or-ed */

    /* Reads how large pieces are: SIZE or COUNT, as core/base/quantity.h. */
    int (*parse_size)(const char *text, size_t length, uint64_t *value);

    /* How large they are if the name does not say it. */
    uint64_t (*usual_size)(const struct view_defaults *defaults);

    /* What that is called, and how it is written, as core/base/quantity.h. */
    const char *size_name;
    void (*write_size)(uint64_t value, char *text);

    /* How many numbered pieces there are. Does not read the file. NULL: there are none. */
    uint64_t (*count)(const struct view *view, const struct view_file *file);

    /* Finds the data of a numbered piece that there is. Needed if `count` is. */
    int (*find_number)(const struct view *view, uint64_t number, const struct view_file *file,
                       struct piece_data *data);

    /* Steps through pieces that are ranges, as view_next(). NULL: none is listed. */
    int (*next)(const struct view_file *file, uint64_t *cursor, struct selector *selector);

    /* Reads the name of a range: any name. NULL: there are none. */
    bool (*read_range)(const char *name, struct selector *selector);

    /* How such names are written, for people. Needed if `read_range` is. */
    const char *range_names;

    /* The units that there are. Needed if `read_range` reads ranges from the end. */
    struct range (*units)(const struct view *view, const struct view_file *file);

    /* Finds the data of a range, not of kind SELECT_TAIL. Needed if there are ranges. */
    int (*find_range)(const struct view *view, const struct selector *selector,
                      const struct view_file *file, struct piece_data *data);

    /* Columns that its table has after the common ones, up to one without a name. NULL: none. */
    const struct view_column *columns;
};

/* Whether views of a type can be of records of a format: an index needs one that is indexed. */
static inline bool view_type_takes_format(const struct view_type *type,
                                          const struct record_format *format)
{
    return !type->needs_index || record_format_is_indexed(format);
}

#endif
