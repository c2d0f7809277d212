/* SPDX-License-Identifier: MIT */
#include "core/content/content_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"

/* --- making ----------------------------------------------------------------------------------- */

/* Makes room for one more of `count` items. Arrays grow by powers of two. */
static int make_room_for_one(void **items, size_t count, size_t item_size)
{
    if ((count & (count - 1)) != 0 && count != 0)
        return 0;
    void *more = reallocarray(*items, count > 0 ? 2 * count : 1, item_size);
    if (more == NULL)
        return -ENOMEM;
    *items = more;
    return 0;
}

/* Makes room for `size` more bytes of aids. They grow by half. */
static int make_room_for_aid(struct content_map *map, uint32_t size)
{
    if (size == 0 || map->aids_size + size <= map->aids_room)
        return 0;
    const uint64_t wanted = map->aids_size + map->aids_size / 2 + size;
    uint8_t *more = realloc(map->aids, wanted);
    if (more == NULL)
        return -ENOMEM;
    map->aids = more;
    map->aids_room = wanted;
    return 0;
}

int content_map_add_place(void *argument, const struct codec_place *place)
{
    struct content_map *map = argument;
    void *places = map->places;
    int error = make_room_for_one(&places, map->count, sizeof(map->places[0]));

    map->places = places;
    if (error == 0)
        error = make_room_for_aid(map, place->aid_size);
    if (error != 0)
        return error;
    if (place->aid_size > 0)
        memcpy(map->aids + map->aids_size, place->aid, place->aid_size);
    map->places[map->count] = (struct map_place){
        .file = place->file,
        .plain = place->plain,
        .aid = map->aids_size,
        .aid_size = place->aid_size,
        .bits = place->bits,
        .starts_unit = place->starts_unit,
    };
    map->aids_size += place->aid_size;
    map->count++;
    map->begun = place->begun;
    if (place->starts_unit)
        map->begun = (struct codec_begun){place->file, place->plain, 0};
    return 0;
}

int content_map_add_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    struct content_map *map = argument;
    void *damages = map->damages;

    if (from == to)
        return 0;
    if (map->damage_count > 0 && map->damages[map->damage_count - 1].to == from) {
        map->damages[map->damage_count - 1].to = to;
        return 0;
    }
    if (map->damage_count == MAP_DAMAGES_MOST)
        return -MAP_FULL;
    int error = make_room_for_one(&damages, map->damage_count, sizeof(map->damages[0]));
    map->damages = damages;
    if (error == 0)
        map->damages[map->damage_count++] = (struct map_damage){from, to, file};
    return error;
}

/* Takes over what the old map knows. */
static int begin_with(struct content_map *map, const struct content_map *old)
{
    const uint64_t known = content_map_known(old);
    int error = 0;

    map->reason = old->reason;
    for (size_t i = 0; i < old->count && error == 0; i++) {
        AUTO_FREE uint8_t *aid = NULL;
        struct codec_place place;
        error = content_map_load_place(old, i, &place, &aid);
        if (error == 0)
            error = content_map_add_place(map, &place);
    }
    for (size_t i = 0; i < old->damage_count && error == 0; i++)
        if (old->damages[i].from < known)
            error =
                content_map_add_damage(map, old->damages[i].from,
                                       min_u64(old->damages[i].to, known), old->damages[i].file);
    if (old->end == CODEC_GOES_ON)
        map->begun = old->begun;
    return error;
}

uint64_t content_map_walked(const struct content_map *map)
{
    return map->count > 0 ? map->places[map->count - 1].file : 0;
}

uint64_t content_map_known(const struct content_map *map)
{
    if (map->end != CODEC_GOES_ON)
        return map->known;
    return map->count > 0 ? map->places[map->count - 1].plain : 0;
}

uint64_t content_map_told(const struct content_map *map)
{
    return map->end == CODEC_GOES_ON ? content_map_known(map) : map->size;
}

/* An unfinished map may have some after its last place, which a walk from there tells again. */
size_t content_map_damages_told(const struct content_map *map)
{
    size_t count = map->damage_count;

    while (count > 0 && map->damages[count - 1].from >= content_map_told(map))
        count--;
    return count;
}

struct content_map *content_map_new(const struct codec *codec, const struct content_map *old)
{
    struct content_map *map = calloc(1, sizeof(*map));
    if (map == NULL)
        return NULL;
    atomic_init(&map->references, 1);
    pthread_mutex_init(&map->detail.lock, NULL);
    map->codec = codec;
    if (old != NULL && old->count > 0 && begin_with(map, old) != 0) {
        content_map_unref(map);
        return NULL;
    }
    return map;
}

struct content_map *content_map_ref(struct content_map *map)
{
    atomic_fetch_add(&map->references, 1);
    return map;
}

void content_map_unref(struct content_map *map)
{
    if (map == NULL || atomic_fetch_sub(&map->references, 1) != 1)
        return;
    content_map_unref(map->detail.map);
    free(map->detail.told);
    pthread_mutex_destroy(&map->detail.lock);
    if (map->aid_store != NULL)
        map->aid_store->free(map->aid_store);
    free(map->places);
    free(map->aids);
    free(map->damages);
    free((void *)map->checks);
    free(map);
}

/* The bytes of the file that are in no unit stand for as many plain bytes, which cannot be had. */
static int add_rest(struct content_map *map, uint64_t file_size)
{
    const uint64_t rest = max_u64(saturating_sub(file_size, map->file), 1);

    if (map->end != CODEC_CUT && map->end != CODEC_LOST)
        return 0;
    if (!checked_add(map->known, rest, &map->size) || map->size > OFFSET_MAX)
        map->size = OFFSET_MAX;
    if (map->damage_count == MAP_DAMAGES_MOST) {
        map->damages[map->damage_count - 1].to = map->size;
        return 0;
    }
    return content_map_add_damage(map, map->known, map->size, map->file);
}

/* Forgets places of a unit that is cut or lost. */
static void drop_places_after(struct content_map *map, uint64_t end)
{
    while (map->count > 1 && map->places[map->count - 1].plain > end)
        map->count--;
}

int content_map_finish(struct content_map *map, const struct codec_walk *walk, uint64_t file_size)
{
    map->file = walk->file;
    map->known = map->size = walk->plain;
    map->end = walk->end;
    if (map->reason == CODEC_DAMAGED)
        map->reason = walk->reason;
    drop_places_after(map, map->known);
    int error = content_map_prepare(map);
    return error == 0 ? add_rest(map, file_size) : error;
}

int content_map_prepare(struct content_map *map)
{
    map->checks = calloc(map->count > 0 ? map->count : 1, sizeof(map->checks[0]));
    return map->checks != NULL ? 0 : -ENOMEM;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct codec_place content_map_place(const struct content_map *map, size_t index)
{
    const struct map_place *place = &map->places[index];
    return (struct codec_place){
        .file = place->file,
        .plain = place->plain,
        .bits = place->bits,
        .starts_unit = place->starts_unit,
        .aid_size = map->aids != NULL ? place->aid_size : 0,
        .aid = map->aids != NULL ? map->aids + place->aid : NULL,
    };
}

int content_map_load_place(const struct content_map *map, size_t index, struct codec_place *place,
                           uint8_t **aid)
{
    const uint32_t size = map->places[index].aid_size;

    *aid = NULL;
    *place = content_map_place(map, index);
    if (size == place->aid_size)
        return 0;
    *aid = malloc(size);
    if (*aid == NULL)
        return -ENOMEM;
    int error = map->aid_store->read(map->aid_store, *aid, size, map->places[index].aid);
    place->aid_size = size;
    place->aid = *aid;
    return error;
}

void content_map_store_aids(struct content_map *map, struct aid_store *store)
{
    map->aid_store = store;
    free(map->aids);
    map->aids = NULL;
    map->aids_room = 0;
}

size_t content_map_find(const struct content_map *map, uint64_t plain)
{
    size_t low = 0;
    size_t high = map->count; /* places[low].plain <= plain, and places[high].plain > plain */

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (map->places[middle].plain <= plain)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint64_t content_map_part_end(const struct content_map *map, size_t index)
{
    return index + 1 < map->count ? map->places[index + 1].plain : map->known;
}

const struct map_damage *content_map_damage_in(const struct content_map *map, uint64_t start,
                                               uint64_t end)
{
    size_t low = 0;
    size_t high = map->damage_count; /* damages[< low] end at `start` or before; [high] does not */

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (map->damages[middle].to <= start)
            low = middle + 1;
        else
            high = middle;
    }
    return low < map->damage_count && map->damages[low].from < end ? &map->damages[low] : NULL;
}
