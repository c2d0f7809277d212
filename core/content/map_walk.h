/* SPDX-License-Identifier: MIT */
/*
 * Makes the map of a compressed content: a walk through its file, in steps.
 *
 * One thread at a time may use a walk. The functions block as reads of the file do.
 */
#ifndef BIGFS_CORE_CONTENT_MAP_WALK_H
#define BIGFS_CORE_CONTENT_MAP_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/content/reading.h"

struct map_walk;

/*
 * Begins a walk through the first `size` bytes of the file. `part`, if not NULL, is an unfinished
 * map of the file: the walk goes on from its last place. If it is NULL, `goes_on`, and the
 * generation has a map, it goes on after its last whole unit. `reading` need not be pinned, and
 * must outlive the walk. Returns 0 or -ENOMEM.
 */
int map_walk_new(const struct reading *reading, uint64_t size, bool goes_on,
                 struct content_map *part, struct map_walk **made);
void map_walk_free(struct map_walk *walk); /* NULL is allowed */

/*
 * Before the first step: what the walk decodes is passed on, all plain bytes in order from where it
 * began. An error of `plain` ends the walk.
 */
void map_walk_feed(struct map_walk *walk,
                   int (*plain)(void *argument, const uint8_t *bytes, size_t length),
                   void *argument);

/* The size of the file that is walked, and how far the walk has come in it. */
uint64_t map_walk_file_size(const struct map_walk *walk);
uint64_t map_walk_done(const struct map_walk *walk);

/*
 * Goes on for about `most` bytes of the file. *ended: the walk has come to its end. Returns 0,
 * -ESTALE, -ENOMEM, or a read error.
 */
int map_walk_on(struct map_walk *walk, uint64_t most, bool *ended);

/*
 * Finishes the map after the walk has ended, if the file still has the content that was walked. If
 * it can be read from its start alone, the map says so. Returns 0, -ESTALE or -ENOMEM.
 */
int map_walk_finish(struct map_walk *walk);

/*
 * Leaves the map of a walk that is not finished with the generation (map_note_put_part), to go on
 * from. The walk must not go on then.
 */
void map_walk_keep(struct map_walk *walk);

/* The map, which belongs to the walk. */
struct content_map *map_walk_map(struct map_walk *walk);

/*
 * Makes a map that is of the first `walked` bytes of the file, or of all, known: puts it into the
 * generation's note (map_note_put), and reports what a user should know. Returns 0, or -ENOENT if
 * the file can be read from its start alone, or -ENOMEM.
 */
int map_publish(const struct reading *reading, struct content_map *map, uint64_t walked,
                int64_t looked);

#endif
