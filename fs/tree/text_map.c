/* SPDX-License-Identifier: MIT */
#include "fs/tree/text_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"

enum {
    FIRST_STRETCH = 64 * 1024, /* bytes; the kernel reads this ahead in one or two steps */
    FIRST_ROOM = 4,
    MOST_STRETCHES = 4096, /* 160 KiB; then stretches become longer */
};

void text_map_init(struct text_map *map)
{
    memset(map, 0, sizeof(*map));
    map->stretch_size = FIRST_STRETCH;
}

void text_map_destroy(struct text_map *map)
{
    free(map->stretches);
    map->stretches = NULL;
}

/* Includes the place, so that the same line elsewhere has another digest. */
static uint64_t digest_of_line(const struct text_place *place, const char *text, size_t length)
{
    return XXH3_64bits_withSeed(text, length, place->offset);
}

/* Merges every two stretches into one. */
static void merge_stretches(struct text_map *map)
{
    for (size_t i = 0; i < map->count / 2; i++) {
        map->stretches[i] = map->stretches[2 * i];
        map->stretches[i].digest += map->stretches[2 * i + 1].digest;
    }
    map->count /= 2;
    map->stretch_size *= 2;
}

static int make_stretch_room(struct text_map *map)
{
    if (map->count == MOST_STRETCHES)
        merge_stretches(map);
    if (map->count < map->room)
        return 0;
    size_t room = map->room == 0 ? FIRST_ROOM : 2 * map->room;
    struct text_stretch *stretches = reallocarray(map->stretches, room, sizeof(*stretches));
    if (stretches == NULL)
        return -ENOMEM;
    map->stretches = stretches;
    map->room = room;
    return 0;
}

static bool needs_stretch(const struct text_map *map)
{
    return map->count == 0 ||
           map->length - map->stretches[map->count - 1].start.offset >= map->stretch_size;
}

int text_map_add(struct text_map *map, const struct text_place *place, const char *text,
                 size_t length)
{
    if (needs_stretch(map)) {
        int error = make_stretch_room(map);
        if (error != 0)
            return error;
        if (needs_stretch(map)) /* still needed after the merge */
            map->stretches[map->count++] = (struct text_stretch){.start = *place};
    }
    map->stretches[map->count - 1].digest += digest_of_line(place, text, length);
    map->length += length;
    return 0;
}

/* The stretch with the byte at `offset`. */
static size_t stretch_at(const struct text_map *map, uint64_t offset)
{
    size_t low = 0;
    size_t high = map->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (map->stretches[middle].start.offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* A wanted part of the text, and where it goes. */
struct wanted_text {
    uint64_t offset;
    uint64_t end;
    char *buffer;
};

/* Copies the wanted part of a line. */
static void copy_wanted(const struct wanted_text *wanted, uint64_t at, const char *text,
                        size_t length)
{
    uint64_t start = max_u64(at, wanted->offset);
    uint64_t end = min_u64(at + length, wanted->end);
    if (start < end)
        memcpy(wanted->buffer + (start - wanted->offset), text + (start - at),
               (size_t)(end - start));
}

/* Makes a whole stretch again, as only its digest proves that it is the same. */
static int make_stretch(const struct text_map *map, size_t index, const struct view_text *of,
                        const struct wanted_text *wanted)
{
    const struct text_stretch *stretch = &map->stretches[index];
    uint64_t end = index + 1 < map->count ? stretch[1].start.offset : map->length;
    struct text_place place = stretch->start;
    char text[TEXT_LINE_MOST];
    uint64_t digest = 0;
    size_t length = 0;

    while (place.offset < end) {
        const struct text_place start = place;
        int error = view_text_line(of, &place, text, &length);
        if (error != 0)
            return error == -NO_MORE_PIECES ? -ESTALE : error;
        digest += digest_of_line(&start, text, length);
        if (place.offset <= end)
            copy_wanted(wanted, start.offset, text, length);
    }
    return place.offset == end && digest == stretch->digest ? 0 : -ESTALE;
}

int text_map_read(const struct text_map *map, const struct view_text *text, uint64_t offset,
                  char *buffer, size_t size, size_t *got)
{
    const struct wanted_text wanted = {
        .offset = offset,
        .end = offset + min_u64(size, saturating_sub(map->length, offset)),
        .buffer = buffer,
    };

    *got = (size_t)(wanted.end - offset);
    if (*got == 0)
        return 0;
    for (size_t i = stretch_at(map, offset);
         i < map->count && map->stretches[i].start.offset < wanted.end; i++) {
        int error = make_stretch(map, i, text, &wanted);
        if (error != 0)
            return error;
    }
    return 0;
}
