/*
 * What is kept of a text that has been made: where its stretches begin, and a digest of each. So a
 * part of it can be made again, with the proof that it is the same text, and the table of millions
 * of pieces takes no memory to speak of.
 *
 * A map is filled by one thread, line by line, and constant from then on.
 */
#ifndef BIGFS_FS_TREE_TEXT_MAP_H
#define BIGFS_FS_TREE_TEXT_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "fs/tree/generated_type.h"

struct text_stretch {
    struct text_place start;
    uint64_t digest; /* the sum of its lines': so two stretches can become one */
};

struct text_map {
    struct text_stretch *stretches; /* owned */
    size_t count;
    size_t room;
    uint64_t stretch_size; /* a stretch ends with the line that makes it as long, in bytes */
    uint64_t length;       /* of the text so far, in bytes */
};

void text_map_init(struct text_map *map);
void text_map_destroy(struct text_map *map);

/* Adds the line that begins at *place, after all others. Returns 0 or -ENOMEM. */
int text_map_add(struct text_map *map, const struct text_place *place, const char *text,
                 size_t length);

/*
 * Makes up to `size` bytes of the text from `offset` on again, in `buffer`. Returns 0 and the bytes
 * (*got < size: the end), -ESTALE if the text would not be the same any more, -CANCELLED, or as the
 * type's `line`. Thread-safe once the map is filled.
 */
int text_map_read(const struct text_map *map, const struct view_text *text, uint64_t offset,
                  char *buffer, size_t size, size_t *got);

#endif
