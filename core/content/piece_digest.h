/* SPDX-License-Identifier: MIT */
/*
 * The digest of a piece: XXH128, as xxh128sum(1) prints it (XXH3 with 128 bits and seed 0, in its
 * canonical form; https://xxhash.com).
 */
#ifndef BIGFS_CORE_CONTENT_PIECE_DIGEST_H
#define BIGFS_CORE_CONTENT_PIECE_DIGEST_H

#include "core/content/piece.h"
#include "core/content/reading.h"

enum {
    PIECE_DIGEST_BYTES = 16,
    PIECE_DIGEST_DIGITS = 2 * PIECE_DIGEST_BYTES,
};

struct piece_digest {
    unsigned char bytes[PIECE_DIGEST_BYTES]; /* big-endian, as it is printed */
};

/*
 * Hashes a whole piece of a pinned reading, in order. Holes are hashed as zeros, without reading
 * them. What it brings into the page cache leaves it again. Blocks as reads of the file do.
 * Thread-safe. Returns 0, -CANCELLED, -ENOMEM, or an error as scan() and holes_seek().
 */
int piece_digest_make(const struct reading *reading, const struct piece *piece,
                      struct piece_digest *digest);

/* Writes PIECE_DIGEST_DIGITS lower-case hexadecimal digits, without a terminating NUL. */
void piece_digest_write(const struct piece_digest *digest, char *text);

#endif
