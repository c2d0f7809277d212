/* SPDX-License-Identifier: MIT */
#include "core/content/map_note.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"

/* As long as the kernel may cache attributes, in ms. */
enum { FRESH_MS = 1000 };

static void init_map_note(void *body)
{
    struct map_note *note = body;
    pthread_mutex_init(&note->lock, NULL);
}

static void destroy_map_note(void *body)
{
    struct map_note *note = body;
    content_map_unref(note->map);
    content_map_unref(note->part);
    pthread_mutex_destroy(&note->lock);
}

const struct note_type map_note_type = {
    .name = "map",
    .size = sizeof(struct map_note),
    .init = init_map_note,
    .destroy = destroy_map_note,
};

struct map_note *map_note_of(struct generation *generation)
{
    return generation_note(generation, &map_note_type, NULL);
}

void map_note_put(struct map_note *note, struct content_map *map, uint64_t walked, int64_t looked)
{
    struct content_map *old = NULL;
    struct content_map *old_part = NULL;
    {
        HOLD_LOCK(&note->lock);
        if (note->map != NULL && walked < note->walked)
            return;
        old = note->map;
        old_part = steal_pointer(&note->part);
        note->map = content_map_ref(map);
        note->refused = false;
        note->walked = walked;
        note->looked = looked;
    }
    content_map_unref(old);
    content_map_unref(old_part);
}

void map_note_put_part(struct map_note *note, struct content_map *part)
{
    struct content_map *old;
    {
        HOLD_LOCK(&note->lock);
        old = note->part;
        note->part = content_map_ref(part);
    }
    content_map_unref(old);
}

struct content_map *map_note_get_part(struct map_note *note)
{
    HOLD_LOCK(&note->lock);
    return note->part != NULL ? content_map_ref(note->part) : NULL;
}

struct content_map *map_note_get(struct map_note *note)
{
    HOLD_LOCK(&note->lock);
    return note->map != NULL ? content_map_ref(note->map) : NULL;
}

uint64_t map_note_size(struct map_note *note)
{
    HOLD_LOCK(&note->lock);
    return note->map != NULL ? note->map->size : 0;
}

uint64_t map_note_walked(struct map_note *note)
{
    HOLD_LOCK(&note->lock);
    return note->map != NULL ? note->walked : 0;
}

void map_note_set_kept(struct map_note *note, uint64_t bytes)
{
    HOLD_LOCK(&note->lock);
    note->kept = bytes;
}

uint64_t map_note_kept(struct map_note *note)
{
    HOLD_LOCK(&note->lock);
    return note->kept;
}

void map_note_refuse(struct map_note *note, uint64_t walked, int64_t looked)
{
    HOLD_LOCK(&note->lock);
    note->refused = true;
    note->walked = walked;
    note->looked = looked;
}

int map_note_serves(struct map_note *note, uint64_t file_size, int64_t since)
{
    HOLD_LOCK(&note->lock);
    const int64_t wanted = since != 0 ? since : clock_ms() - FRESH_MS;
    const bool fresh = note->walked >= file_size || note->looked > wanted;
    if (!fresh || (note->map == NULL && !note->refused))
        return -AWAITS_INDEX;
    return note->refused ? -ENOENT : 0;
}
