/* SPDX-License-Identifier: MIT */
/*
 * A piece: a short list of ranges of a source, read one after the other.
 *
 *     source   |hhhh|.............|dddddddddddd|......|
 *     piece    |hhhh|dddddddddddd|                      a header, then the data
 *
 * Whatever the view, the data path sees only pieces.
 */
#ifndef BIGFS_CORE_CONTENT_PIECE_H
#define BIGFS_CORE_CONTENT_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/content.h"

enum { PIECE_MOST_RANGES = 2 };

struct range {
    uint64_t offset; /* in the source */
    uint64_t length; /* offset + length is at most OFFSET_MAX */
};

struct piece {
    unsigned count;
    struct range ranges[PIECE_MOST_RANGES]; /* none of them empty */
};

/*
 * Adds a range after the others. An empty one is left out; one adjacent to the last is merged with
 * it.
 */
void piece_add(struct piece *piece, uint64_t offset, uint64_t length);

uint64_t piece_length(const struct piece *piece);
bool piece_equal(const struct piece *a, const struct piece *b);

/*
 * The part of a piece that is `length` bytes at `offset`, cut at the end of the piece.
 */
struct piece piece_slice(const struct piece *piece, uint64_t offset, uint64_t length);

/*
 * Sets *found to the first byte of this kind in the piece from `offset` on, an offset in the piece.
 * A hole follows the last byte of the piece. Returns 0, -NO_MORE_DATA if `offset` is not in the
 * piece or no data follows, as for lseek(2) with SEEK_DATA and SEEK_HOLE, or an error as
 * holes_seek().
 */
int piece_seek(const struct piece *piece, const struct reading *reading, enum extent_kind kind,
               uint64_t offset, uint64_t *found);

/* Counts the bytes of a piece that are not in holes. Returns as holes_count_data(). */
int piece_count_data(const struct piece *piece, const struct reading *reading, uint64_t *bytes);

/*
 * Copies a whole piece into `buffer`, which has room for it. Blocks and fails as content_read().
 * Thread-safe.
 */
int piece_read(const struct piece *piece, const struct reading *reading, void *buffer);

/* The same without waiting, as content_read_at_once(). */
int piece_read_at_once(const struct piece *piece, const struct reading *reading, void *buffer);

#endif
