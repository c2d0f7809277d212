/* SPDX-License-Identifier: MIT */
/*
 * A map in the making, from what is known of the file at its beginning to its publication. The same
 * as core/index/index_draft.h for an index.
 *
 * All functions are thread-safe and block as reads of the file do.
 */
#ifndef BIGFS_CORE_INDEX_MAP_DRAFT_H
#define BIGFS_CORE_INDEX_MAP_DRAFT_H

#include "core/content/map_walk.h"
#include "core/index/index_draft.h"

/*
 * Looks at the file as it is, and for its map in the index directory. A map of all of it, or of
 * what it was before it grew, becomes the generation's (map_publish). An unfinished one that is of
 * more, there or in memory, becomes *part, a reference that the caller owns; else that is NULL.
 * Returns an enum index_match (with INDEX_SAME nothing is left to do), -ENOENT if it is known that
 * there can be no map, or a read error. `reading` need not be pinned.
 */
int map_draft_begin(struct index_directory *directory, const struct reading *reading,
                    struct index_draft *draft, struct content_map **part);

/*
 * Whether there is a map of the reading's file, or of what it was before it grew, in memory or in
 * the index directory. Starts no walk.
 */
bool map_is_there(struct index_directory *directory, const struct reading *reading);

/*
 * Makes a finished map the generation's, and keeps it in the index directory. `continues`: it
 * begins with an older or an unfinished one. Returns as map_publish(), or -TRY_AGAIN if the file
 * may have changed since the beginning.
 */
int map_draft_publish(const struct index_draft *draft, struct index_directory *directory,
                      const struct reading *reading, struct content_map *map, bool continues);

/*
 * Makes the key of an unfinished map. Returns 0, -TRY_AGAIN if the file may have changed since the
 * beginning, or a read error.
 */
int map_draft_end_part(const struct index_draft *draft, const struct reading *reading,
                       bool continues, struct index_key *key);

#endif
