/* SPDX-License-Identifier: MIT */
#include "core/index/index_build.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/index/index_count.h"
#include "core/index/index_encoding.h"
#include "core/index/index_note.h"
#include "core/index/map_draft.h"
#include "core/index/map_encoding.h"

enum {
    STEPS_AHEAD = 256, /* 4 GiB; the counts of each take 3 KB */
};

void index_build_free(struct index_build *build)
{
    map_walk_free(build->walk);
    index_feed_free(build->feed);
    record_index_unref(build->index);
    record_index_unref(build->draft.old);
    reading_close(&build->reading);
    free(build);
}

/* --- indexes ---------------------------------------------------------------------------------- */

/* Whether what was made is so much more than what is kept that it should be kept too. */
static bool is_part_worth_keeping(const struct index_build *build,
                                  const struct index_directory *directory, uint64_t made)
{
    return directory->path != NULL && made > build->saved_to &&
           made - build->saved_to >= directory->part_least;
}

/* Keeps a finished index of the first part in the index directory. Returns whether it is there. */
static bool save_index_part(struct index_build *build, struct index_directory *directory,
                            const struct index_key *key, struct record_index *part)
{
    if (!is_part_worth_keeping(build, directory, part->size) ||
        !index_draft_save_part(&build->draft, directory, key, &index_kept_type, part))
        return false;
    build->saved_to = part->size;
    return true;
}

/* Keeps what was counted up to there: in the index directory, and in memory if the build ends. */
static bool keep_index_part(struct index_build *build, struct index_directory *directory,
                            uint64_t counted_to, bool ends)
{
    struct generation *generation = build->reading.generation;
    struct index_note *note = index_note_of(generation, build->index->format);
    bool saved = false;
    struct index_key key;

    if (counted_to <= build->from || note == NULL)
        return false;
    struct record_index *part = record_index_part(build->index, counted_to);
    if (part != NULL && index_draft_end_part(&build->draft, &build->reading, &key) == 0) {
        if (ends)
            index_note_put(note, part, &key, &build->draft.of);
        saved = save_index_part(build, directory, &key, part);
    }
    record_index_unref(part);
    return saved;
}

static uint64_t index_type_step_end(const struct index_build *build, uint64_t start)
{
    return index_step_end(start, build->size);
}

/* If it begins in a longer hole, all threads skip that hole at once. */
static int count_index_step(struct index_build *build, uint64_t start, uint64_t end, uint64_t *next)
{
    int error = index_pass_hole(&build->reading, build->index, start, next);
    if (error != 0 || *next > start)
        return error;
    return index_count(&build->reading, start, end, build->index);
}

static int end_index(struct index_build *build, struct index_directory *directory)
{
    int error = build->error;

    build->counted_to = min_u64(build->counted_to, build->next);
    /* If all is counted, it is too late to interrupt it. */
    if ((error == 0 || error == -CANCELLED) && build->counted_to == build->size)
        error = index_draft_publish(&build->draft, directory, &build->reading, build->index);
    else if (keep_index_part(build, directory, build->counted_to, true) && error == -CANCELLED)
        error = -KEPT_PART;
    return error == -TRY_AGAIN ? 0 : error; /* a waiter asks again */
}

static void save_index(struct index_build *build, struct index_directory *directory,
                       uint64_t counted_to)
{
    if (is_part_worth_keeping(build, directory, counted_to))
        (void)keep_index_part(build, directory, counted_to, false);
}

static const struct index_build_type index_type = {
    .kind = BUILD_INDEX,
    .step_end = index_type_step_end,
    .take = count_index_step,
    .save = save_index,
    .end = end_index,
};

/* --- maps ------------------------------------------------------------------------------------- */

/* How far a step comes is known after it. */
static uint64_t map_step_end(const struct index_build *build, uint64_t start)
{
    return min_u64(start + 1, build->size - 1);
}

static int take_map_step(struct index_build *build, uint64_t start, uint64_t end, uint64_t *next)
{
    bool ended = false;

    (void)start;
    (void)end;
    int error = map_walk_on(build->walk, INDEX_STEP, &ended);
    *next = ended ? build->size : min_u64(map_walk_done(build->walk), build->size - 1);
    return error;
}

/*
 * The index of what was counted on the way becomes the generation's, if that was all of it. The map
 * does not depend on it: if this fails, or the file has grown meanwhile, a request makes the index.
 */
static void publish_feed(struct index_build *build, struct index_directory *directory)
{
    const struct content_map *map = map_walk_map(build->walk);
    AUTO_READING struct reading reading = {.source = NULL};
    struct index_draft draft = build->draft;

    if (build->feed == NULL || map->damage_count > 0 || map->size == 0 ||
        index_feed_size(build->feed) != map->size)
        return;
    struct record_index *index = index_feed_end(build->feed);
    if (index == NULL)
        return;
    draft.format = draft.whole.format = index->format;
    draft.size = index->size;
    reading_of(build->reading.source, build->reading.generation, NULL, &reading);
    if (reading_pin(&reading) == 0)
        (void)index_draft_publish(&draft, directory, &reading, index);
    record_index_unref(index);
}

/* Keeps the map as far as the walk has come. Returns whether the directory has it. */
static bool save_map_part(struct index_build *build, struct index_directory *directory)
{
    const uint64_t made = content_map_walked(map_walk_map(build->walk));
    struct index_key key;

    if (!is_part_worth_keeping(build, directory, made) ||
        map_draft_end_part(&build->draft, &build->reading, build->from > 0, &key) != 0 ||
        !index_draft_save_part(&build->draft, directory, &key, &map_kept_type,
                               map_walk_map(build->walk)))
        return false;
    build->saved_to = made;
    return true;
}

static void save_map(struct index_build *build, struct index_directory *directory, uint64_t made_to)
{
    (void)made_to; /* the walk is this thread's */
    (void)save_map_part(build, directory);
}

/* Keeps the map of a walk that was interrupted. */
static int end_map_early(struct index_build *build, struct index_directory *directory)
{
    if (build->walk == NULL)
        return build->error;
    const bool saved = save_map_part(build, directory);
    map_walk_keep(build->walk);
    return saved && build->error == -CANCELLED ? -KEPT_PART : build->error;
}

static int end_map(struct index_build *build, struct index_directory *directory)
{
    if (build->error != 0 || build->next < build->size || build->walk == NULL)
        return end_map_early(build, directory);
    int error = map_walk_finish(build->walk);
    if (error == 0)
        error = map_draft_publish(&build->draft, directory, &build->reading,
                                  map_walk_map(build->walk), build->from > 0);
    if (error == 0)
        publish_feed(build, directory);
    return error == -TRY_AGAIN ? 0 : error; /* a waiter asks again */
}

/* A walk is one thread's, and its last step may be taken several times. */
static const struct index_build_type map_type = {
    .kind = BUILD_MAP,
    .one_at_a_time = true,
    .step_end = map_step_end,
    .take = take_map_step,
    .save = save_map,
    .end = end_map,
};

/* --- all -------------------------------------------------------------------------------------- */

/* Begins the draft, and makes an index that continues from it. */
static int begin_build(struct index_build *build, struct index_directory *directory,
                       const struct record_format *format)
{
    int fd = -1;
    int error = reading_borrow(&build->reading, &fd);
    if (error != 0)
        return error;
    int match = index_draft_begin(directory, &build->reading, format, fd, &build->draft);
    reading_return(&build->reading);
    if (match < 0)
        return match;
    build->index = record_index_new(format, build->draft.size, build->draft.old);
    if (build->index == NULL)
        return -ENOMEM;
    build->from = index_draft_covers(&build->draft);
    build->saved_to = build->from;
    build->next = build->from;
    build->size = build->index->size;
    /* If the format has several states, counts wait in memory for those before them. */
    build->ahead = format->states == 1 ? UINT64_MAX : (uint64_t)STEPS_AHEAD * INDEX_STEP;
    build->counted_to = build->size;
    build->type = &index_type;
    return 0;
}

/* Counts records on the way, if the walk begins with the content. */
static int begin_feed(struct index_build *build, const struct record_format *format)
{
    if (build->from > 0 || !record_format_is_indexed(format))
        return 0;
    build->feed = index_feed_new(format);
    if (build->feed == NULL)
        return -ENOMEM;
    map_walk_feed(build->walk, index_feed_add, build->feed);
    return 0;
}

/*
 * The last byte of the size stands for the end of the walk: a walk that has come to the end of the
 * file may have to find out more. If the map was found, nothing is to be done.
 */
static int begin_map(struct index_build *build, struct index_directory *directory,
                     const struct record_format *format)
{
    struct content_map *part = NULL;
    const int match = map_draft_begin(directory, &build->reading, &build->draft, &part);

    build->type = &map_type;
    if (match < 0 || match == INDEX_SAME)
        return match < 0 ? match : 0;
    int error = map_walk_new(&build->reading, build->draft.of.file.size, !directory->strict, part,
                             &build->walk);
    content_map_unref(part);
    if (error != 0)
        return error;
    build->size = map_walk_file_size(build->walk) + 1;
    build->next = min_u64(map_walk_done(build->walk), build->size - 1);
    build->from = build->next;
    build->saved_to = build->from;
    build->counted_to = build->size;
    return begin_feed(build, format);
}

static bool is_cancelled(void *argument)
{
    const struct index_build *build = argument;
    return atomic_load(&build->cancelled);
}

int index_build_new(struct index_directory *directory, const struct reading *reading,
                    const struct record_format *format, struct index_build **made)
{
    struct index_build *build = calloc(1, sizeof(*build));
    if (build == NULL)
        return -ENOMEM;
    list_reset(&build->link);
    list_reset(&build->steps);
    list_reset(&build->waiters);
    build->began = clock_ms();
    build->cancel = (struct cancel){.asked = is_cancelled, .argument = build};
    if (reading->cancel != NULL) /* a map that is too old for the waiter is made anew */
        build->cancel.since = reading->cancel->since;
    reading_of(reading->source, reading->generation, &build->cancel, &build->reading);
    build->device = (uint64_t)build->reading.version.file.device;
    build->saved_at = clock_ms();
    int error = reading_pin(&build->reading);
    if (error == 0)
        error = begin_build(build, directory, format);
    else if (error == -AWAITS_INDEX)
        error = begin_map(build, directory, format);
    if (error != 0) {
        index_build_free(build);
        return error;
    }
    *made = build;
    return 0;
}

int index_build_end(struct index_build *build, struct index_directory *directory)
{
    return build->type->end(build, directory);
}

void index_build_save(struct index_build *build, struct index_directory *directory,
                      uint64_t made_to)
{
    if (build->type->save != NULL)
        build->type->save(build, directory, made_to);
}

bool index_build_is_for(const struct index_build *build, const struct generation *generation,
                        const struct record_format *format)
{
    return build->reading.generation == generation &&
           (build->index == NULL || build->index->format == format);
}

/* --- progress --------------------------------------------------------------------------------- */

bool index_build_has_work(const struct index_build *build)
{
    return build->from < build->size;
}

enum build_result index_build_result(const struct index_build *build, int error)
{
    if (error != 0 && error != -CANCELLED && error != -KEPT_PART)
        return BUILD_FAILED;
    return error == 0 && build->next >= build->size ? BUILD_FINISHED : BUILD_STOPPED;
}

struct index_progress index_build_progress(const struct index_build *build)
{
    return (struct index_progress){
        .path = build->reading.source->path,
        .done = build->from + build->done,
        .size = build->size,
        .from = build->from,
        .ms = clock_ms() - build->began,
        .kind = build->type->kind,
        .format = build->index != NULL ? build->index->format->name : NULL,
    };
}
