/* SPDX-License-Identifier: MIT */
/*
 * A map as bytes of a file. It begins with the words of core/index/index_encoding.h, of which these
 * have another meaning:
 *
 *     words   9          how the walk ended: an enum codec_end, and an enum codec_reason << 8; if
 * the map is unfinished, codec_begun.check << 32 10         how many damages there are 11 how far
 * the file was walked, in bytes 12         how many places there are 21         plain bytes 22
 * plain bytes of whole units; if the map is unfinished, words 11 and 22 are of the units before its
 * last place then               the places, of each 8 bytes     offset in the file 8 bytes plain
 * bytes before it 8 bytes     size of its aid, bits << 32, 1 << 40 if it starts a unit the damages,
 * of each 3 × 8 bytes plain bytes [from, to), and where the unit is in the file the aids, in the
 * order of their places
 *
 * Nothing is trusted before the digest is verified. The aids are read for the digest alone, and
 * then one by one as they are needed: they are most of a map. Each has a checksum of its own.
 *
 * A file that can be read from its start alone has a map that says so, without places.
 */
#ifndef BIGFS_CORE_INDEX_MAP_ENCODING_H
#define BIGFS_CORE_INDEX_MAP_ENCODING_H

#include "core/content/content_map.h"
#include "core/index/index_key.h"
#include "core/index/kept_type.h"

/*
 * Reads a map, but for its aids. Returns 0 and a map with one reference, which the caller owns,
 * whose aids have to be moved to a store if there are any; -WRONG_INDEX if the file is damaged or
 * no map, -ENOMEM, or a read error.
 */
int map_decode(int fd, struct index_key *key, struct content_map **map);

/*
 * Writes a map, whose aids are in memory, to an empty file: a finished one, or an unfinished one
 * (CODEC_GOES_ON) up to its last place. Does not sync.
 */
int map_encode(int fd, const struct index_key *key, struct content_map *map);

/*
 * Reads `length` bytes at `offset` of the aids of the map in a file. Returns 0, -WRONG_INDEX if the
 * file has another digest, or a read error.
 */
int map_read_aid(int fd, uint64_t digest, void *buffer, size_t length, uint64_t offset);

/* Maps in the index directory: struct content_map. */
extern const struct kept_type map_kept_type;

#endif
