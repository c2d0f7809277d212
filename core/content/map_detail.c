/* SPDX-License-Identifier: MIT */
#include "core/content/map_detail.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"

/* Bounds its memory. A part with more units is damaged as a whole. */
enum { DETAIL_UNITS_MOST = 64 * 1024, DETAIL_WALK_STEP = 64 * 1024 };

/* How many damaged units a map remembers. More lines in a log are of no use. */
enum { DETAIL_TOLD_MOST = 1024 };

/* A detail that is being made. */
struct detailing {
    struct content_map *detail;
    uint64_t end;      /* of the part, in plain bytes */
    uint64_t file_end; /* where the next place is */
};

static int add_unit(void *argument, const struct codec_place *place)
{
    const struct detailing *detailing = argument;

    if (place->plain >= detailing->end)
        return -NO_MORE_PIECES;
    if (detailing->detail->count == DETAIL_UNITS_MOST)
        return -EBADMSG;
    return content_map_add_place(detailing->detail, place);
}

static int add_detail_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    const struct detailing *detailing = argument;
    return content_map_add_damage(detailing->detail, from, to, file);
}

/* Walks through the part, or to where the walk ends. */
static int walk_through_part(const struct codec_file *file, const struct codec_place *from,
                             struct detailing *detailing)
{
    const struct codec *codec = detailing->detail->codec;
    const struct codec_sink sink = {detailing, add_unit, NULL, add_detail_damage, true};
    struct codec_walk *walk = NULL;
    int error = codec->walk_begin(file, from, &sink, &walk);

    while (error == 0 && walk->end == CODEC_GOES_ON && walk->plain < detailing->end)
        error = codec->walk_on(walk, DETAIL_WALK_STEP);
    if (error == -NO_MORE_PIECES || error == -MAP_FULL)
        error = 0;
    if (error == 0) {
        const struct codec_walk at_end = {
            .file = detailing->file_end, .plain = detailing->end, .end = CODEC_WHOLE};
        error = content_map_finish(detailing->detail, &at_end, file->size);
    }
    codec->walk_free(walk);
    return error;
}

static int make_detail(struct content_map *map, size_t part, const struct codec_file *file,
                       struct content_map **detail)
{
    const struct codec_place from = content_map_place(map, part);
    struct detailing detailing = {content_map_new(map->codec, NULL),
                                  content_map_part_end(map, part),
                                  part + 1 < map->count ? map->places[part + 1].file : map->file};

    if (detailing.detail == NULL)
        return -ENOMEM;
    int error = walk_through_part(file, &from, &detailing);
    if (error == 0 && detailing.detail->count > 0)
        *detail = detailing.detail;
    else
        content_map_unref(detailing.detail);
    return error == 0 && *detail == NULL ? -EBADMSG : error;
}

static struct content_map *kept_detail(struct content_map *map, size_t part)
{
    HOLD_LOCK(&map->detail.lock);
    return map->detail.map != NULL && map->detail.part == part ? content_map_ref(map->detail.map)
                                                               : NULL;
}

static void keep_detail(struct content_map *map, size_t part, struct content_map *detail)
{
    struct content_map *old = NULL;
    {
        HOLD_LOCK(&map->detail.lock);
        old = map->detail.map;
        map->detail.map = content_map_ref(detail);
        map->detail.part = part;
    }
    content_map_unref(old);
}

int map_detail_get(struct content_map *map, size_t part, const struct codec_file *file,
                   struct content_map **detail)
{
    *detail = kept_detail(map, part);
    if (*detail != NULL)
        return 0;
    int error = make_detail(map, part, file, detail);
    if (error == 0)
        keep_detail(map, part, *detail);
    return error;
}

/* The lock is held. */
static bool was_told(const struct map_detail *detail, uint64_t plain)
{
    for (size_t i = 0; i < detail->told_count; i++)
        if (detail->told[i] == plain)
            return true;
    return false;
}

bool map_detail_is_news(struct content_map *map, uint64_t plain)
{
    struct map_detail *detail = &map->detail;
    HOLD_LOCK(&detail->lock);

    if (detail->told == NULL)
        detail->told = calloc(DETAIL_TOLD_MOST, sizeof(detail->told[0]));
    if (detail->told == NULL || detail->told_count == DETAIL_TOLD_MOST || was_told(detail, plain))
        return false;
    detail->told[detail->told_count++] = plain;
    return true;
}
