/*
 * What is kept of a table that has been made: where its stretches begin, and a digest of each. So a
 * part of the text can be made again, with the proof that it is the same text, and a table of
 * millions of pieces takes no memory to speak of.
 *
 * A map is filled by one thread, line by line, and constant from then on.
 */
#ifndef BIGFS_FS_GENERATED_TABLE_MAP_H
#define BIGFS_FS_GENERATED_TABLE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "fs/generated/table.h"

struct table_stretch {
    struct table_place start;
    uint64_t digest; /* the sum of its lines': so two stretches can become one */
};

struct table_map {
    struct table_stretch *stretches; /* owned */
    size_t count;
    size_t room;
    uint64_t stretch_size; /* a stretch ends with the line that makes it as long, in bytes */
    uint64_t length;       /* of the text so far, in bytes */
};

void table_map_init(struct table_map *map);
void table_map_destroy(struct table_map *map);

/* Adds the line that begins at *place, after all others. Returns 0 or -ENOMEM. */
int table_map_add(struct table_map *map, const struct table_place *place, const char *text,
                  size_t length);

/*
 * Makes up to `size` bytes of the text from `offset` on again, in `buffer`. Returns 0 and the bytes
 * (*got < size: the end), -ESTALE where the table would not be the same any more, -CANCELLED, or
 * what table_line does. Thread-safe once the map is filled.
 */
int table_map_read(const struct table_map *map, const struct table *table, uint64_t offset,
                   char *buffer, size_t size, size_t *got);

#endif
