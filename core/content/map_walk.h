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
 * Begins a walk that goes on from the generation's map, if there is one. `reading` need not be
 * pinned, and must outlive the walk. Returns 0 or -ENOMEM.
 */
int map_walk_new(const struct reading *reading, struct map_walk **walk);
void map_walk_free(struct map_walk *walk); /* NULL is allowed */

/* The size of the file that is walked, and how far the walk has come in it. */
uint64_t map_walk_file_size(const struct map_walk *walk);
uint64_t map_walk_done(const struct map_walk *walk);

/*
 * Goes on for about `most` bytes of the file. *ended: the walk has come to its end. Returns 0,
 * -ESTALE, -ENOMEM, or a read error.
 */
int map_walk_on(struct map_walk *walk, uint64_t most, bool *ended);

/*
 * Puts the map into the generation's note, if the file still has the content that was walked.
 * Returns 0, -ESTALE, -ENOMEM, or -ENOENT if the file can be read from its start alone.
 */
int map_walk_publish(struct map_walk *walk);

#endif
