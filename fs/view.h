/*
 * Views: the ways to cut a source, and the names by which they are chosen.
 *
 *     lines@n16,header=2          kind, partition, header records
 *
 * Nothing here knows of FUSE or of nodes. Names are bytes; no function keeps them.
 */
#ifndef BIGFS_FS_VIEW_H
#define BIGFS_FS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cancel.h"
#include "core/partition.h"
#include "core/piece.h"
#include "core/source.h"

enum view_kind {
    VIEW_BYTES,
    VIEW_LINES,
    VIEW_EXTENTS, /* a piece per extent of data, named by its range */
    VIEW_WHOLE,   /* the file, unsplit: listed beside the others, but no directory */
    VIEW_KINDS,
};

struct view {
    enum view_kind kind;        /* not VIEW_WHOLE */
    struct partition partition; /* of a numbered view */
    uint64_t header;            /* how many of the first records every piece starts with */
};

/* What a view's name leaves open. */
struct view_defaults {
    uint64_t chunk_size;
    uint64_t header; /* for `lines` without arguments */
};

enum selector_kind {
    SELECT_NUMBER, /* piece `offset` of the view */
    SELECT_RANGE,  /* `length` bytes at `offset` */
    SELECT_TAIL,   /* the last `length` bytes */
    SELECT_WHOLE,  /* the file */
};

/* Which piece is meant, whatever the file holds at the time. fs/piece_name.h reads it from a name.
 */
struct selector {
    enum selector_kind kind;
    uint64_t offset;
    uint64_t length;
};

/* "bytes", "lines", "extents" or "whole". */
const char *view_kind_name(enum view_kind kind);

/* The kind with this name of `length` bytes, or VIEW_KINDS. */
enum view_kind view_kind_named(const char *name, size_t length);

/* Reads VIEW[@ARG[,ARG]…]. Returns 0, or -ENOENT where the name is not of this form. */
int view_parse(const char *name, size_t length, const struct view_defaults *defaults,
               struct view *view);

/* Whether finding a piece of the view may take a scan of the source. */
bool view_scans(const struct view *view);

/* Whether its pieces are numbered; those of the others are ranges. */
bool view_is_numbered(const struct view *view);

/* How many pieces a file of `size` bytes has in a numbered view; 0 in the others. */
uint64_t view_count(const struct view *view, uint64_t size);

/*
 * Steps through the pieces of a view in the order of the file. *cursor is 0 at the start and at
 * most `size` otherwise; sets *selector to the next piece and moves *cursor behind it. In a
 * numbered view the source is not looked at, and may be NULL. Returns 0, -ENOENT behind the last
 * piece, or what holes_seek does.
 */
int view_next(const struct view *view, struct source *source, struct generation *generation,
              uint64_t size, const struct cancel *cancel, uint64_t *cursor,
              struct selector *selector);

/*
 * Finds the bytes that a selector means in the first `size` bytes of a generation; `view` is not
 * looked at for SELECT_WHOLE. A view that scans needs the generation pinned. *data is the piece
 * without its header. Returns 0, -ENOENT where there is no such piece, or what boundary_find and
 * holes_seek do.
 */
int view_resolve(const struct view *view, const struct selector *selector, struct source *source,
                 struct generation *generation, uint64_t size, const struct cancel *cancel,
                 struct piece *piece, struct range *data);

#endif
