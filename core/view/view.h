/*
 * Views: the ways to cut a source, and the names by which they are chosen.
 *
 *     lines@n16,header=2          kind, partition, header records
 *     rows@5000                   kind, rows of a piece
 *
 * Nothing here knows of FUSE or of nodes. Names are bytes; no function keeps them.
 */
#ifndef BIGFS_CORE_VIEW_VIEW_H
#define BIGFS_CORE_VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/piece.h"
#include "core/content/source.h"
#include "core/index/index_store.h"
#include "core/index/line_index.h"
#include "core/record/partition.h"

enum view_kind {
    VIEW_BYTES,
    VIEW_LINES,
    VIEW_ROWS,    /* as many lines in each piece */
    VIEW_EXTENTS, /* a piece per extent of data, named by its range */
    VIEW_WHOLE,   /* the file, unsplit: listed beside the others, but no directory */
    VIEW_KINDS,
};

struct view {
    enum view_kind kind;        /* not VIEW_WHOLE */
    struct partition partition; /* of bytes and lines */
    uint64_t rows;              /* of rows: how many a piece has */
    uint64_t header;            /* how many of the first records every piece starts with */
};

/* What a view's name leaves open. */
struct view_defaults {
    uint64_t chunk_size;
    uint64_t rows;
    uint64_t header; /* for `lines` and `rows` without arguments */
};

enum selector_kind {
    SELECT_NUMBER, /* piece `offset` of the view */
    SELECT_RANGE,  /* `length` bytes at `offset`; in rows, that many rows from that one (from 0) */
    SELECT_TAIL,   /* the last `length` bytes; in rows, the last rows */
    SELECT_WHOLE,  /* the file */
};

/* Which piece is meant, whatever the file holds at the time. core/view/piece_name.h reads it from a
 * name.
 */
struct selector {
    enum selector_kind kind;
    uint64_t offset;
    uint64_t length;
};

/* "bytes", "lines", "rows", "extents" or "whole". */
const char *view_kind_name(enum view_kind kind);

/* The kind with this name of `length` bytes, or VIEW_KINDS. */
enum view_kind view_kind_named(const char *name, size_t length);

/* Reads VIEW[@ARG[,ARG]…]. Returns 0, or -ENOENT where the name is not of this form. */
int view_parse(const char *name, size_t length, const struct view_defaults *defaults,
               struct view *view);

/* Whether finding a piece of the view may take a scan of the source. */
bool view_scans(const struct view *view);

/* Whether the view needs a line index, and tells of the file as far as that covers it. */
bool view_needs_index(const struct view *view);

/* Whether its pieces are numbered; those of the others are ranges. */
bool view_is_numbered(const struct view *view);

/* A file as one generation has it, for the functions below. What is pointed to is the caller's. */
struct view_file {
    struct source *source;         /* NULL will do for what says that it does not look at it */
    struct generation *generation; /* pinned, if the view scans */
    uint64_t size;                 /* bytes; of the index, if the view needs one */
    struct line_index *index;      /* if the view needs one */
    struct index_store *store;     /* if there is an index: where it is kept */
    const struct cancel *cancel;   /* or NULL */
};

/*
 * Gives a file of a pinned generation what the view needs beside: a line index, a reference for the
 * caller, and the size that it covers. Returns as index_get.
 */
int view_file_complete(struct view_file *file, const struct view *view, struct index_store *store);

/* How many pieces a file has in a numbered view; 0 in the others. Does not look at the source. */
uint64_t view_count(const struct view *view, const struct view_file *file);

/*
 * Steps through the pieces of a view in the order of the file. *cursor is 0 at the start and at
 * most the size otherwise; sets *selector to the next piece and moves *cursor behind it. In a
 * numbered view it does not look at the source. Returns 0, -NO_MORE_PIECES after the last piece, or
 * what holes_seek does.
 */
int view_next(const struct view *view, const struct view_file *file, uint64_t *cursor,
              struct selector *selector);

/* What of the file a piece is, without its header. */
struct piece_data {
    struct range bytes;
    uint64_t first_row; /* in rows: which its first one is, from 0 */
    uint64_t rows;      /* in rows: how many they are */
};

/*
 * Finds the bytes that a selector means in a file; `view` is not looked at for SELECT_WHOLE.
 * Returns 0, -ENOENT where there is no such piece, or what boundary_find, rows_find and holes_seek
 * do.
 */
int view_resolve(const struct view *view, const struct selector *selector,
                 const struct view_file *file, struct piece *piece, struct piece_data *data);

#endif
