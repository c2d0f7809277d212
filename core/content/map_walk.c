/* SPDX-License-Identifier: MIT */
#include "core/content/map_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/content/decoding.h"
#include "core/content/map_note.h"

struct map_walk {
    const struct reading *reading;
    const struct codec *codec;
    struct codec_lender lender;
    struct codec_file file;
    struct codec_sink sink;
    struct content_map *map; /* owned; grows with the walk */
    struct codec_walk *walk; /* owned */
    bool told;               /* a place */
    int (*feed)(void *argument, const uint8_t *bytes, size_t length);
    void *feed_argument;
};

/*
 * Whether the place where a walk goes on may be left out, so that many small appends do not make a
 * large map: the last place of the old map is near, and what lies between can be read.
 */
static bool may_leave_out(const struct content_map *map, const struct codec_place *place)
{
    if (map->count == 0)
        return false;
    const struct map_place *last = &map->places[map->count - 1];
    return last->file == place->file ||
           (place->plain - last->plain < CODEC_STEP && place->file - last->file < CODEC_FILE_STEP &&
            content_map_damage_in(map, last->plain, place->plain) == NULL);
}

static int tell_map_place(void *argument, const struct codec_place *place)
{
    struct map_walk *walk = argument;
    const bool is_first = !walk->told;

    walk->told = true;
    return is_first && may_leave_out(walk->map, place) ? 0
                                                       : content_map_add_place(walk->map, place);
}

static int tell_map_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    const struct map_walk *walk = argument;
    return content_map_add_damage(walk->map, from, to, file);
}

static int feed_plain(void *argument, const uint8_t *bytes, size_t length)
{
    const struct map_walk *walk = argument;
    return walk->feed(walk->feed_argument, bytes, length);
}

/*
 * Begins a map with what the old one has, if that can be had. One that is full does not say where
 * its last unit ends.
 */
static struct content_map *begin_with_old(const struct codec *codec, struct content_map **old)
{
    const bool is_full = *old != NULL && (*old)->damage_count == MAP_DAMAGES_MOST;
    struct content_map *map = is_full ? NULL : content_map_new(codec, *old);

    if (map != NULL || *old == NULL)
        return map;
    content_map_unref(steal_pointer(old));
    return content_map_new(codec, NULL);
}

/* The map that a walk begins with, as a reference, or NULL. */
static struct content_map *old_map(const struct map_walk *walk, bool goes_on,
                                   struct content_map *part)
{
    if (part != NULL)
        return content_map_ref(part);
    return goes_on ? map_note_get(map_note_of(walk->reading->generation)) : NULL;
}

/* Begins the walk where `old` ends. If the last place of that is of no use, returns -EBADMSG. */
static int begin_after(struct map_walk *walk, const struct content_map *old)
{
    AUTO_FREE uint8_t *aid = NULL;
    struct codec_place from;
    int error = 0;

    if (old == NULL || old->count == 0)
        return walk->codec->walk_begin(&walk->file, NULL, &walk->sink, &walk->walk);
    if (old->end == CODEC_GOES_ON)
        error = content_map_load_place(old, old->count - 1, &from, &aid);
    else
        from = (struct codec_place){.file = old->file, .plain = old->known, .starts_unit = true};
    from.begun = old->begun;
    return error != 0 ? error
                      : walk->codec->walk_begin(&walk->file, &from, &walk->sink, &walk->walk);
}

/* Begins with the old map, and without it if that does not help. */
static int begin_walk(struct map_walk *walk, struct content_map **old)
{
    walk->map = begin_with_old(walk->codec, old);
    int error = walk->map != NULL ? begin_after(walk, *old) : -ENOMEM;

    if (error == 0 || error == -ENOMEM || *old == NULL)
        return error;
    content_map_unref(steal_pointer(old));
    content_map_unref(walk->map);
    walk->map = content_map_new(walk->codec, NULL);
    return walk->map != NULL ? begin_after(walk, NULL) : -ENOMEM;
}

/* The first look at the file, as work with a descriptor. */
struct walk_beginning {
    struct map_walk *walk;
    struct content_map *old; /* a reference, or NULL */
};

static int begin_walk_with(void *argument, const struct reading *reading, int fd)
{
    struct walk_beginning *beginning = argument;

    (void)reading;
    beginning->walk->lender.fd = fd;
    int error = begin_walk(beginning->walk, &beginning->old);
    beginning->walk->lender.fd = -1;
    return error;
}

int map_walk_new(const struct reading *reading, uint64_t size, bool goes_on,
                 struct content_map *part, struct map_walk **made)
{
    struct map_walk *walk = calloc(1, sizeof(*walk));

    if (map_note_of(reading->generation) == NULL || walk == NULL) {
        free(walk);
        return -ENOMEM;
    }
    walk->reading = reading;
    walk->codec = reading->source->content->codec;
    walk->lender = (struct codec_lender){reading, -1};
    walk->file = codec_file_of(&walk->lender, size);
    walk->sink = (struct codec_sink){walk, tell_map_place, NULL, tell_map_damage, false};
    struct walk_beginning beginning = {walk, old_map(walk, goes_on, part)};
    int error = part != NULL ? reading_work(reading, begin_walk_with, &beginning)
                             : begin_walk(walk, &beginning.old);
    content_map_unref(beginning.old);
    if (error != 0) {
        map_walk_free(walk);
        return error;
    }
    *made = walk;
    return 0;
}

void map_walk_feed(struct map_walk *walk,
                   int (*plain)(void *argument, const uint8_t *bytes, size_t length),
                   void *argument)
{
    walk->feed = plain;
    walk->feed_argument = argument;
    walk->sink.plain = feed_plain;
}

void map_walk_free(struct map_walk *walk)
{
    if (walk == NULL)
        return;
    if (walk->walk != NULL)
        walk->codec->walk_free(walk->walk);
    content_map_unref(walk->map);
    free(walk);
}

uint64_t map_walk_file_size(const struct map_walk *walk)
{
    return walk->file.size;
}

uint64_t map_walk_done(const struct map_walk *walk)
{
    return walk->walk->file;
}

/* A step, with the descriptor that it reads from. */
struct walk_step {
    struct map_walk *walk;
    uint64_t most;
};

static int walk_one_step(void *argument, const struct reading *reading, int fd)
{
    const struct walk_step *step = argument;
    struct map_walk *walk = step->walk;

    const uint64_t from = walk->walk->file;
    walk->lender.fd = fd;
    int error = walk->codec->walk_on(walk->walk, step->most);
    atomic_fetch_add(&reading->source->pool->bytes_scanned, saturating_sub(walk->walk->file, from));
    walk->lender.fd = -1;
    if (walk->map->reason == CODEC_DAMAGED)
        walk->map->reason = walk->walk->reason; /* an unfinished map has it too */
    if (error != -MAP_FULL)
        return error;
    walk->walk->end = CODEC_LOST; /* with so many damages it is of no use */
    return 0;
}

int map_walk_on(struct map_walk *walk, uint64_t most, bool *ended)
{
    struct walk_step step = {walk, most};
    int error = 0;

    if (walk->walk->end == CODEC_GOES_ON)
        error = reading_work(walk->reading, walk_one_step, &step);
    *ended = walk->walk->end != CODEC_GOES_ON;
    return error;
}

static const char *const reasons[] = {
    [CODEC_DAMAGED] = "damaged",
    [CODEC_NEEDS_DICTIONARY] = "compressed with a dictionary, which is not supported,",
    [CODEC_NEEDS_MEMORY] = "compressed so that it takes more than 128 MiB of memory to read,",
};

static void report_damages(const struct source *source, const struct content_map *map)
{
    if (map->damage_count == 0)
        return;
    const struct map_damage *first = &map->damages[0];
    source_report_trouble(source, "not readable",
                          "%s at byte %" PRIu64 ": of plain/, the %" PRIu64 " bytes from %" PRIu64
                          " on cannot be read%s",
                          reasons[map->reason], first->file, first->to - first->from, first->from,
                          map->damage_count > 1 ? ", nor some further on" : "");
}

int map_walk_finish(struct map_walk *walk)
{
    int error = content_map_finish(walk->map, walk->walk, walk->file.size);
    return error == 0 ? reading_confirm(walk->reading) : error;
}

void map_walk_keep(struct map_walk *walk)
{
    struct map_note *note = map_note_of(walk->reading->generation);

    if (note != NULL && walk->walk->end == CODEC_GOES_ON && walk->map->count > 0)
        map_note_put_part(note, walk->map);
}

struct content_map *map_walk_map(struct map_walk *walk)
{
    return walk->map;
}

int map_publish(const struct reading *reading, struct content_map *map, uint64_t walked,
                int64_t looked)
{
    struct map_note *note = map_note_of(reading->generation);

    if (note == NULL)
        return -ENOMEM;
    if (map->end == CODEC_START_ALONE) {
        map_note_refuse(note, walked, looked);
        source_report_trouble(reading->source, "no plain",
                              "it can only be read from its start, so it has no plain/: "
                              "recompress it with %s",
                              map->codec->advice);
        return -ENOENT;
    }
    report_damages(reading->source, map);
    map_note_put(note, map, walked, looked);
    return 0;
}
