/* SPDX-License-Identifier: MIT */
#include "core/index/map_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/content/content_type.h"
#include "core/content/map_note.h"
#include "core/generation/generation_capture.h"
#include "core/generation/generation_check.h"
#include "core/index/index_lookup.h"
#include "core/index/index_names.h"
#include "core/index/index_save.h"
#include "core/index/map_encoding.h"

enum { MAP_WORTH = 64 }; /* a map is kept again once its file has grown by 1/MAP_WORTH */

/* --- aids in the index directory -------------------------------------------------------------- */

/* The aids of a map that is kept. */
struct kept_aids {
    struct aid_store store; /* the first member */
    const struct index_directory *directory;
    struct index_key key;
    uint64_t digest;
};

/* Opened anew each time: a descriptor for each map would be too many. */
static int read_kept_aid(const struct aid_store *store, void *buffer, size_t length,
                         uint64_t offset)
{
    const struct kept_aids *aids = (const struct kept_aids *)(const void *)store;
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int part = index_directory_open_part(aids->directory, &aids->key);

    if (part < 0)
        return part;
    index_directory_name(&aids->key, name);
    AUTO_CLOSE int fd = openat(part, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd < 0 ? -errno : map_read_aid(fd, aids->digest, buffer, length, offset);
}

static void free_kept_aids(struct aid_store *store)
{
    free(store);
}

/* Moves the aids of a map that is kept there to its file. */
static int store_aids(const struct index_directory *directory, const struct index_key *key,
                      struct content_map *map)
{
    struct kept_aids *aids = map->aids_size > 0 ? malloc(sizeof(*aids)) : NULL;

    if (aids == NULL)
        return map->aids_size > 0 ? -ENOMEM : 0;
    *aids = (struct kept_aids){
        .store = {read_kept_aid, free_kept_aids},
        .directory = directory,
        .key = *key,
        .digest = map->kept_digest,
    };
    content_map_store_aids(map, &aids->store);
    return 0;
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* A draft that begins, as work with a descriptor. */
struct map_order {
    struct index_directory *directory;
    struct index_draft *draft;
    uint64_t walked;         /* how much of the file the map in memory covers, in bytes */
    struct content_map *map; /* a reference, or NULL */
    int match;               /* an enum index_match */
};

static int begin_map_draft(void *argument, const struct reading *reading, int fd)
{
    struct map_order *order = argument;
    struct index_draft *draft = order->draft;
    const struct index_query query = {
        .content = draft->content,
        .fd = fd,
        .now = &draft->of.file,
        .beginnings =
            order->walked == 0 && index_draft_takes_beginnings(reading->generation, &draft->of),
    };
    void *kept = NULL;

    draft->settled = file_identity_unsettled_ms(&draft->of.file, fd) == 0;
    order->match = (int)index_lookup(order->directory, &query, &draft->key, &kept);
    order->map = kept;
    draft->sure = order->match == INDEX_SAME && draft->key.verified;
    if (order->match == INDEX_SAME && !draft->key.unfinished)
        return 0;
    int error = index_key_make(fd, NULL, draft->content, &draft->of.file, &draft->whole);
    if (error != 0)
        return error;
    generation_take_sample(reading->generation, fd);
    return index_key_add_sample(fd, &draft->whole);
}

/* Takes over a map that was kept. */
static int use_kept(const struct map_order *order, const struct reading *reading,
                    struct map_note *note)
{
    const struct index_draft *draft = order->draft;
    struct content_map *map = order->map;

    /* A file that was refused may have got what it lacked. */
    if (map == NULL || (order->match == INDEX_BEGINS && map->end == CODEC_START_ALONE))
        return INDEX_OTHER;
    int error = store_aids(order->directory, &draft->key, map);
    if (error == 0)
        error = map_publish(reading, map, draft->key.size, draft->looked);
    if (error == 0)
        map_note_set_kept(note, draft->key.size);
    return error != 0 ? error : order->match;
}

/*
 * Takes over an unfinished map that was kept. What a map tells is not counted again, so a strict
 * directory uses one that is certain only.
 */
static int use_kept_part(const struct map_order *order, struct content_map **part)
{
    const struct index_draft *draft = order->draft;

    if (order->directory->strict && !draft->sure)
        return INDEX_OTHER;
    int error = store_aids(order->directory, &draft->key, order->map);
    if (error == 0)
        *part = content_map_ref(order->map);
    return error != 0 ? error : INDEX_BEGINS;
}

static int use_known(const struct map_order *order, const struct reading *reading,
                     struct map_note *note, struct content_map **part)
{
    *part = order->directory->strict ? NULL : map_note_get_part(note);
    if (order->map == NULL || !order->draft->key.unfinished)
        return use_kept(order, reading, note);
    return *part == NULL ? use_kept_part(order, part) : INDEX_BEGINS;
}

int map_draft_begin(struct index_directory *directory, const struct reading *reading,
                    struct index_draft *draft, struct content_map **part)
{
    struct map_order order = {.directory = directory, .draft = draft};

    *part = NULL;

    *draft = (struct index_draft){
        .content = reading->source->content->number,
        .looked = clock_ms(), /* the version is at least as new */
        .of = generation_version(reading->generation),
    };
    draft->size = draft->of.file.size;
    struct map_note *note = map_note_of(reading->generation);
    if (note == NULL)
        return -ENOMEM;
    order.walked = map_note_walked(note);
    int error = reading_work(reading, begin_map_draft, &order);
    if (error == 0 && !index_draft_holds(draft, reading->generation))
        error = -ESTALE;
    if (error == 0)
        error = use_known(&order, reading, note, part);
    content_map_unref(order.map);
    return error;
}

bool map_is_there(struct index_directory *directory, const struct reading *reading)
{
    const struct version now = generation_version(reading->generation);
    struct index_query query = {
        .content = reading->source->content->number,
        .now = &now.file,
        .beginnings = index_draft_takes_beginnings(reading->generation, &now),
    };

    if (reading->covered > 0)
        return true;
    if (directory->path == NULL || reading_borrow(reading, &query.fd) != 0)
        return false;
    bool there = index_lookup_has(directory, &query);
    reading_return(reading);
    return there;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Whether the map should be kept: if it is of much more of the file than the one that is. */
static bool is_map_worth_keeping(const struct index_directory *directory,
                                 const struct index_draft *draft, uint64_t kept)
{
    const uint64_t size = draft->of.file.size;
    const uint64_t grown = saturating_sub(size, kept);

    /* A time stamp that was not past at the beginning may cover another content too. */
    return draft->settled && directory->path != NULL && size >= directory->least &&
           (directory->strict || kept == 0 || grown >= kept / MAP_WORTH);
}

int map_draft_publish(const struct index_draft *draft, struct index_directory *directory,
                      const struct reading *reading, struct content_map *map, bool continues)
{
    struct map_note *note = map_note_of(reading->generation);
    struct index_key key;
    int error = note != NULL ? index_draft_end(draft, reading, &key) : -ENOMEM;

    if (error != 0)
        return error;
    key.verified = key.verified && (!continues || draft->sure);
    const bool keeps = is_map_worth_keeping(directory, draft, map_note_kept(note)) &&
                       (!directory->strict || key.verified) &&
                       index_save(directory, &key, &map_kept_type, map, reading->source->path) == 0;
    if (keeps)
        error = store_aids(directory, &key, map);
    if (error == 0)
        error = map_publish(reading, map, draft->of.file.size, draft->looked);
    if (error == 0 && keeps)
        map_note_set_kept(note, draft->of.file.size);
    return error;
}

int map_draft_end_part(const struct index_draft *draft, const struct reading *reading,
                       bool continues, struct index_key *key)
{
    int error = index_draft_end_part(draft, reading, key);

    key->verified = key->verified && (!continues || draft->sure);
    return error;
}
