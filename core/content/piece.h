/*
 * A piece: a short list of ranges of a source, read one after the other.
 *
 *     source   |hhhh|.............|dddddddddddd|......|
 *     piece    |hhhh|dddddddddddd|                      a header, then the data
 *
 * Whatever a view is, the data path sees only this.
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

/* Adds a range after the others; an empty one is left out, one that follows on is joined. */
void piece_add(struct piece *piece, uint64_t offset, uint64_t length);

uint64_t piece_length(const struct piece *piece);
bool piece_equal(const struct piece *a, const struct piece *b);

/*
 * What of a piece the `length` bytes at `offset` are: as many ranges, cut at the end of the piece.
 */
struct piece piece_slice(const struct piece *piece, uint64_t offset, uint64_t length);

/*
 * Sets *found to the first byte of this kind in the piece from `offset` on, an offset in the piece.
 * After the last byte of the piece there is a hole. Returns 0, -NO_MORE_DATA if `offset` is not in
 * the piece or no data follows, as lseek(2) with SEEK_DATA and SEEK_HOLE; or as holes_seek().
 */
int piece_seek(const struct piece *piece, const struct reading *reading, enum extent_kind kind,
               uint64_t offset, uint64_t *found);

/* Counts the bytes of a piece that are no hole. Returns as holes_count_data(). */
int piece_count_data(const struct piece *piece, const struct reading *reading, uint64_t *bytes);

/*
 * Copies a whole piece into `buffer`, which has room for it. Blocks and fails as content_read().
 * Thread-safe.
 */
int piece_read(const struct piece *piece, const struct reading *reading, void *buffer);

/* The same if nothing has to be waited for, as content_read_at_once(). */
int piece_read_at_once(const struct piece *piece, const struct reading *reading, void *buffer);

#endif
