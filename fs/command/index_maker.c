/* SPDX-License-Identifier: MIT */
#include "fs/command/index_maker.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/content/empty_file.h"
#include "core/content/reading.h"
#include "core/file/fault_guard.h"
#include "core/format/record_formats.h"
#include "core/index/index_encoding.h"
#include "core/index/index_get.h"
#include "core/index/index_note.h"
#include "core/index/index_recount.h"
#include "core/index/index_save.h"
#include "fs/command/complaint.h"

enum {
    DRAW_EVERY = 100, /* ms */
    SHORTAGE_PAUSE_MS = 100,
    SHORTAGE_ATTEMPTS = 600, /* a minute: leases are broken sooner */
    ATTEMPTS = 8,            /* attempts to count a file that does not change meanwhile */
};

/* Waits for a build by blocking the thread, as there is nothing else to do. */
struct waiting {
    struct index_waiter waiter;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended; /* protected by lock */
    int error;  /* protected by lock */
};

static void on_end(struct index_waiter *waiter, int error)
{
    struct waiting *waiting = list_object(waiter, struct waiting, waiter);
    HOLD_LOCK(&waiting->lock);
    waiting->ended = true;
    waiting->error = error;
    pthread_cond_signal(&waiting->changed);
}

/* Waits until the build ends or the bar must be redrawn. Returns whether the build has ended. */
static bool ended_before_next_draw(struct waiting *waiting)
{
    const struct timespec deadline = clock_in_ms(DRAW_EVERY);
    HOLD_LOCK(&waiting->lock);
    while (!waiting->ended)
        if (pthread_cond_clockwait(&waiting->changed, &waiting->lock, CLOCK_MONOTONIC, &deadline) !=
            0)
            break;
    return waiting->ended;
}

/* What is shown while a file is counted. */
struct showing {
    struct index_maker *maker;
    struct progress *progress;
};

static void show_done(void *argument, uint64_t done, uint64_t size)
{
    const struct showing *showing = argument;

    showing->maker->percent = progress_percent(done, size);
    progress_show(showing->progress, done, size);
}

static void show(void *argument, const struct index_progress *progress)
{
    show_done(argument, progress->done, progress->size);
}

int index_maker_wait(struct index_maker *maker, const struct reading *reading,
                     struct progress *progress)
{
    struct waiting waiting = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    struct showing showing = {maker, progress};

    index_waiter_init(&waiting.waiter, on_end);
    int error = index_builder_join(&maker->builder, reading, maker->format, &waiting.waiter);
    if (error != 0)
        return error;
    do {
        index_builder_report(&maker->builder, show, &showing);
        if (interruption_asked(&maker->interruption))
            index_builder_cancel(&maker->builder);
    } while (!ended_before_next_draw(&waiting));
    return waiting.error;
}

/* Waits until another change is certain to move the file's time stamps, but not too long. */
static int await_past(struct index_maker *maker, const struct reading *reading)
{
    int fd = -1;
    int error = reading_borrow(reading, &fd);
    if (error != 0)
        return error;
    const struct file_identity now = generation_identity(reading->generation);
    int64_t wait = file_identity_unsettled_ms(&now, fd);
    reading_return(reading);
    interruption_pause(&maker->interruption, wait);
    return interruption_asked(&maker->interruption) ? -CANCELLED : 0;
}

/* Keeps an index that is not certain, as the second count was interrupted. */
static int keep_uncertain(struct index_maker *maker, const struct index_key *key,
                          struct record_index *index)
{
    const int error = index_save_part(&maker->directory, key, &index_kept_type, index);
    return error == 0 ? -KEPT_PART : -CANCELLED;
}

/*
 * Verifies, by counting again, an index of a file that changed meanwhile. -TRY_AGAIN: it was not
 * right at any one moment.
 */
static int make_sure(struct index_maker *maker, const struct reading *reading,
                     struct progress *progress, struct record_index *index, struct index_key *key)
{
    struct showing showing = {maker, progress};

    maker->counts_again = true;
    int error = await_past(maker, reading);
    if (error == 0)
        error = index_recount(reading, index, show_done, &showing);
    if (error == -CANCELLED)
        return keep_uncertain(maker, key, index);
    if (error != 0)
        return error;
    key->verified = true;
    /* It has already warned of an error. */
    (void)index_save(&maker->directory, key, &index_kept_type, index, reading->source->path);
    return 0;
}

/*
 * Makes the index of a pinned reading, or finds a verified one. -TRY_AGAIN: the file changed
 * meanwhile, and not only by appending.
 */
static int make_index(struct index_maker *maker, const struct reading *reading,
                      struct progress *progress, struct record_index **index)
{
    struct index_note *note = index_note_of(reading->generation, maker->format);
    struct index_key key;

    if (note == NULL)
        return -ENOMEM;
    index_note_forget(note); /* the unverified result of an earlier attempt */
    int error = await_past(maker, reading);
    if (error == 0)
        error = index_find(&maker->directory, reading, maker->format, index);
    maker->was_known = error == 0;
    if (error == -AWAITS_INDEX)
        error = index_get(&maker->directory, reading, maker->format, index);
    if (error == -AWAITS_INDEX)
        error = index_maker_wait(maker, reading, progress);
    if (error != 0)
        return error;
    record_index_unref(*index);
    *index = index_note_peek(note, &key);
    if (*index == NULL)
        return -TRY_AGAIN;
    return key.verified ? 0 : make_sure(maker, reading, progress, *index, &key);
}

static const char *unit_of(const struct record_index *index)
{
    return index->format == default_format ? "lines" : "records";
}

static void print_known(const char *file, const struct record_index *index)
{
    printf("%s: already indexed (%" PRIu64 " %s)\n", file, record_index_records(index),
           unit_of(index));
    (void)fflush(stdout);
}

static void print_result(const char *file, const struct record_index *index,
                         const struct progress *progress)
{
    char size[PROGRESS_BYTES_MOST];
    char rate[PROGRESS_BYTES_MOST];
    double seconds = (double)progress_elapsed(progress) / 1000;

    progress_bytes((double)index->size, size);
    progress_bytes((double)index->size / seconds, rate);
    printf("%s: %" PRIu64 " %s, %s in %.1f s (%s/s)\n", file, record_index_records(index),
           unit_of(index), size, seconds, rate);
    (void)fflush(stdout);
}

/* An empty file needs no index. */
static int index_empty(const char *file, const struct reading *reading)
{
    int error = empty_file_check(reading);
    if (error == 0) {
        printf("%s: 0 lines\n", file);
        (void)fflush(stdout);
    }
    return error;
}

/* Makes the map of a compressed content, or finds a verified one. Returns as make_index(). */
static int make_map(struct index_maker *maker, struct source *source, struct progress *progress)
{
    AUTO_READING struct reading reading = {.source = NULL};

    int error = reading_find(source, &maker->cancel, &reading, NULL);
    if (error == 0)
        error = await_past(maker, &reading);
    if (error == 0)
        error = index_maker_wait(maker, &reading, progress);
    return error == -AWAITS_INDEX ? -TRY_AGAIN : error;
}

int index_maker_open(struct index_maker *maker, struct source *source, struct progress *progress,
                     struct reading *reading)
{
    /* A map of what the file was before it grew, in an earlier attempt, would be of no use. */
    maker->cancel = maker->interruption.cancel;
    maker->cancel.since = clock_ms() - 1;
    int error = reading_look(source, &maker->cancel, reading, NULL);

    if (error == -AWAITS_INDEX) {
        error = make_map(maker, source, progress);
        if (error == 0)
            error = reading_look(source, &maker->cancel, reading, NULL);
        error = error == -AWAITS_INDEX ? -TRY_AGAIN : error;
    } else if (error == -ESTALE) {
        error = -EISDIR;
    }
    return error == 0 ? reading_pin(reading) : error;
}

/* Tries once. -TRY_AGAIN, -ESTALE: the file changed meanwhile. */
static int index_once(struct index_maker *maker, struct source *source, void *argument)
{
    AUTO_READING struct reading reading = {.source = NULL};
    struct record_index *index = NULL;
    struct progress progress;

    (void)argument;
    maker->was_known = maker->counts_again = false;
    maker->percent = 0;
    progress_begin(&progress, maker->shown);
    int error = index_maker_open(maker, source, &progress, &reading);
    const bool is_empty = error == 0 && reading.size == 0;
    if (error == 0 && !is_empty)
        error = make_index(maker, &reading, &progress, &index);
    progress_end(&progress);
    if (error == 0 && atomic_load(&maker->directory.too_large) != maker->too_large)
        error = -OVER_SPACE;
    maker->was_known = maker->was_known && atomic_load(&source->pool->bytes_scanned) == 0;
    if (error == 0 && is_empty)
        error = index_empty(maker->shown, &reading);
    else if (error == 0 && maker->was_known)
        print_known(maker->shown, index);
    else if (error == 0)
        print_result(maker->shown, index, &progress);
    record_index_unref(index);
    return error;
}

/* Whether waiting helps. */
static bool is_shortage(int error)
{
    return error == -HELD_BY_LEASE || error == -NO_DESCRIPTOR;
}

int index_maker_try(struct index_maker *maker, struct source *source, index_attempt *attempt,
                    void *argument)
{
    int error = attempt(maker, source, argument);

    for (int i = 0;
         i < SHORTAGE_ATTEMPTS && is_shortage(error) && !interruption_asked(&maker->interruption);
         i++) {
        interruption_pause(&maker->interruption, SHORTAGE_PAUSE_MS);
        error = attempt(maker, source, argument);
    }
    for (int i = 1; i < ATTEMPTS && (error == -TRY_AGAIN || error == -ESTALE) &&
                    !interruption_asked(&maker->interruption);
         i++)
        error = attempt(maker, source, argument);
    return error != 0 && error != -KEPT_PART && interruption_asked(&maker->interruption)
               ? -CANCELLED
               : error;
}

int index_maker_index(struct index_maker *maker, struct source *source)
{
    maker->too_large = atomic_load(&maker->directory.too_large);
    return index_maker_try(maker, source, index_once, NULL);
}

/* --- life ------------------------------------------------------------------------------------- */

static void warn(void *argument, const char *path, const char *problem)
{
    (void)argument;
    (void)complain(EXIT_FAILURE, "line index: %s: %s", path, problem);
}

static int start_threads(struct index_maker *maker)
{
    int error = fault_guard_install();

    if (error == 0)
        error = index_builder_start(&maker->builder, &maker->directory, 0);
    return error;
}

static int refuse_start(int error)
{
    return complain(EXIT_FAILURE, "cannot start: %s: %s", strerror(-error), complaint_cure(-error));
}

static void end_parts(struct index_maker *maker)
{
    index_space_destroy(&maker->space);
    index_directory_destroy(&maker->directory);
    interruption_end(&maker->interruption);
}

int index_maker_start(struct index_maker *maker, const struct options *options, uint64_t least,
                      bool strict)
{
    const struct settings *settings = &options->settings;
    int error = 0;

    *maker = (struct index_maker){.options = options};
    if (strict)
        error = interruption_begin(&maker->interruption);
    else
        interruption_never(&maker->interruption);
    if (error != 0)
        return refuse_start(error);
    index_directory_init(&maker->directory, settings->index_dir, least, warn, NULL);
    index_space_init(&maker->space, settings->index_dir, settings->index_space);
    maker->directory.strict = strict;
    if (strict)
        maker->directory.part_least = 1;
    maker->directory.space = &maker->space;
    error = start_threads(maker);
    if (error == 0)
        return 0;
    end_parts(maker);
    return refuse_start(error);
}

/* Says what is wrong with a compressed file. */
static void tell_trouble(void *argument, const char *kind, const char *path, const char *text)
{
    struct index_maker *maker = argument;

    (void)path;
    maker->told = true;
    maker->has_no_plain = strcmp(kind, "no plain") == 0;
    (void)complain(EXIT_FAILURE, "%s: %s", maker->name, text);
}

void index_maker_watch(struct index_maker *maker, struct source_pool *pool)
{
    pool->on_trouble = tell_trouble;
    pool->on_trouble_argument = maker;
}

void index_maker_stop(struct index_maker *maker)
{
    index_builder_stop(&maker->builder);
    index_builder_destroy(&maker->builder);
    if (maker->directory.strict || index_space_used(&maker->space) > 0)
        index_space_sweep(&maker->space);
    end_parts(maker);
}
