/* SPDX-License-Identifier: MIT */
/*
 * An index as bytes of a file:
 *
 *     words   0          magic
 *             1          version, number of the kind of content << 16, of the record format << 32
 *             2 … 8      of the key: size, mtime, ctime (s, ns each), digests of first and last
 *                        block
 *             9          1 if the last record has no end
 *             10         record ends in all
 *             11         1 if holes were passed
 *             12         how many groups of 64 blocks follow
 *             13         bytes that follow the words
 *             14 … 20    of the key: inode, birth time (s, ns), file system (2), sample, and
 *                        1 if it is verified + 2 if it is unfinished
 *             21         bytes of content that are indexed; 0: as many as the file has
 *             22         the state after the indexed bytes, and at the start of the last block << 8
 *             23         XXH3 of what follows, and of all other words
 *     then               the groups that have record ends, by number; of each
 *                          8 bytes     the number of the group × 2, and 1 if it is dense
 *                          8 bytes     unless it is dense: a bit for each block with record ends
 *                          4 bytes …   for each of these blocks, or all 64 of a dense group: its
 *                                      record ends, and the state at its start << 30
 *
 * Words have 8 bytes; all numbers are little-endian. Dense lines take 264 bytes for 16 MiB, a hole
 * takes none. The words are written last. Nothing is trusted before the digest is verified, so
 * damage, truncation and another version are not distinguished.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_ENCODING_H
#define BIGFS_CORE_INDEX_INDEX_ENCODING_H

#include "core/index/index_key.h"
#include "core/index/kept_type.h"
#include "core/index/record_index.h"

/*
 * Reads only the key, to decide if the rest is needed. It must not be trusted before index_decode()
 * has succeeded. Returns 0, -WRONG_INDEX if the file is not an index, or a read error.
 */
int index_decode_key(int fd, struct index_key *key);

/*
 * Reads the whole index. Returns 0 and an index with one reference, which the caller owns,
 * -WRONG_INDEX if it is damaged, -ENOMEM, or a read error.
 */
int index_decode(int fd, struct index_key *key, struct record_index **index);

/* Indexes in the index directory: struct record_index. */
extern const struct kept_type index_kept_type;

/* Writes a finished index to an empty file. Returns 0 or a write error. Does not sync. */
int index_encode(int fd, const struct index_key *key, const struct record_index *index);

#endif
