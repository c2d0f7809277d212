/* SPDX-License-Identifier: MIT */
/*
 * A detail: the map of one part with a place for each of its units.
 *
 *     map       |       part        |       part        |
 *     detail    | unit | unit |unit |
 *
 * A map has few places, so a part may hold many units. If one of them is damaged, the others are
 * found and read with a detail.
 */
#ifndef BIGFS_CORE_CONTENT_MAP_DETAIL_H
#define BIGFS_CORE_CONTENT_MAP_DETAIL_H

#include "core/content/content_map.h"

/*
 * Gets the detail of a part that starts with a unit. The map keeps the last one; another is made
 * by a walk through the part. Returns 0 and a reference that the caller owns, -EBADMSG if the part
 * has too many units, -ENOMEM or a read error. Thread-safe; blocks as reads of the file do.
 */
int map_detail_get(struct content_map *map, size_t part, const struct codec_file *file,
                   struct content_map **detail);

/*
 * Notes that the unit at a plain offset is damaged. Returns whether that is news, which should be
 * reported. If very many units are, the others are never news. Thread-safe.
 */
bool map_detail_is_news(struct content_map *map, uint64_t plain);

#endif
