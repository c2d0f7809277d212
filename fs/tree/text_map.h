/* SPDX-License-Identifier: MIT */
/*
 * What is kept of a text that has been made: where its stretches begin, and a digest of each. So a
 * part of it can be made again and proven to be the same text, and the table of millions of pieces
 * takes hardly any memory.
 *
 * One thread fills a map, line by line. From then on it is constant.
 */
#ifndef BIGFS_FS_TREE_TEXT_MAP_H
#define BIGFS_FS_TREE_TEXT_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "fs/tree/generated_type.h"

struct text_stretch {
    struct text_place start;
    uint64_t digest; /* the sum of the digests of its lines, so that two stretches can be joined */
};

struct text_map {
    struct text_stretch *stretches; /* owned */
    size_t count;
    size_t room;
    uint64_t stretch_size; /* bytes; a stretch ends with the line that reaches this size */
    uint64_t length;       /* of the text so far, in bytes */
};

void text_map_init(struct text_map *map);
void text_map_destroy(struct text_map *map);

/* Adds the line that begins at *place, after all others. Returns 0 or -ENOMEM. */
int text_map_add(struct text_map *map, const struct text_place *place, const char *text,
                 size_t length);

/*
 * Makes up to `size` bytes of the text at `offset` again, in `buffer`. Returns 0 and the bytes
 * (*got < size only at the end), -ESTALE if the text would not be the same, -CANCELLED, or as the
 * type's `line`. Thread-safe once the map is filled.
 */
int text_map_read(const struct text_map *map, const struct view_text *text, uint64_t offset,
                  char *buffer, size_t size, size_t *got);

#endif
