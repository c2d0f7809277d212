/* SPDX-License-Identifier: MIT */
#include "core/index/index_builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/base/processors.h"
#include "core/index/build_turn.h"
#include "core/index/index_build.h"

enum {
    STACK_SIZE = 2048 * 1024, /* a scan has a buffer of 256 KiB; the thread sanitizer needs more */
    SPARE_THREADS = 4,        /* in addition to twice device_limit */
    SAVE_EVERY_MS = 60 * 1000,
};

/* --- the end of a build ----------------------------------------------------------------------- */

/*
 * Removes the build, which ended with `error`, from the list, so that no waiter can join it, and
 * moves its waiters to `waiters`, to be informed.
 */
static void remove_build(struct index_builder *builder, struct index_build *build, int error,
                         struct list *waiters)
{
    HOLD_LOCK(&builder->lock);
    if (index_build_has_work(build))
        build_counts_end(&builder->counts[build->type->kind], index_build_result(build, error),
                         clock_ms() - build->began);
    list_remove(&build->link);
    while (!list_empty(&build->waiters)) {
        struct index_waiter *waiter = list_object(build->waiters.next, struct index_waiter, link);
        list_remove(&waiter->link);
        list_append(waiters, &waiter->link);
        waiter->build = NULL;
    }
}

/* Takes a waiter, which can no longer leave. NULL: all have been informed or have left. */
static struct index_waiter *take_waiter(struct index_builder *builder, struct list *waiters)
{
    HOLD_LOCK(&builder->lock);
    if (list_empty(waiters))
        return NULL;
    struct index_waiter *waiter = list_object(waiters->next, struct index_waiter, link);
    list_remove(&waiter->link);
    return waiter;
}

/*
 * Ends a build. Only one thread may do this. A waiter that joins before the index is published is
 * informed with the others. They are informed last, as the source may be gone after that.
 */
static void end_build(struct index_builder *builder, struct index_build *build)
{
    struct list waiters; /* protected by index_builder.lock, as waiters may leave */
    struct index_waiter *waiter;
    int error = index_build_end(build, builder->directory);

    list_reset(&waiters);
    remove_build(builder, build, error, &waiters);
    index_build_free(build);
    while ((waiter = take_waiter(builder, &waiters)) != NULL)
        waiter->ended(waiter, error);
}

/* --- threads --------------------------------------------------------------------------------- */

/* Waits for work. NULL: the end. The lock is held. */
static struct index_build *await_work(struct index_builder *builder)
{
    for (;;) {
        const struct build_turns turns = {&builder->builds, builder->thread_count,
                                          builder->device_limit};
        if (builder->ending)
            return NULL;
        struct index_build *build = build_turn_next(&turns);
        if (build != NULL)
            return build;
        pthread_cond_wait(&builder->work, &builder->lock);
    }
}

/* Takes a step of the build and ends its turn. The lock is held. */
static void begin_step(struct index_builder *builder, struct index_build *build,
                       struct build_step *step)
{
    step->start = build->next;
    step->end = build->type->step_end(build, step->start);
    build->next = step->end;
    list_reset(&step->link);
    list_append(&build->steps, &step->link);
    list_remove(&build->link);
    list_append(&builder->builds, &build->link);
}

/* Continues after a hole that ends there, unless another thread already has. */
static void skip_build_to(struct index_builder *builder, struct index_build *build, uint64_t next)
{
    HOLD_LOCK(&builder->lock);
    if (next <= build->next)
        return;
    build->done += next - build->next;
    build->next = next;
}

static int take_build_step(struct index_builder *builder, struct index_build *build,
                           const struct build_step *step)
{
    uint64_t next = step->start;
    int error = build->type->take(build, step->start, step->end, &next);

    if (error == 0 && next > step->start)
        skip_build_to(builder, build, next);
    return error;
}

/* Whether it is time to keep what was made. The caller has a step under way, so none ends it. */
static bool begin_save(struct index_builder *builder, struct index_build *build, uint64_t *made_to)
{
    const int64_t now = clock_ms();
    HOLD_LOCK(&builder->lock);
    *made_to = build_turn_made_to(build);
    if (build->saving || now - build->saved_at < atomic_load(&builder->save_every))
        return false;
    build->saving = true;
    build->saved_at = now;
    return true;
}

static void end_save(struct index_builder *builder, struct index_build *build)
{
    HOLD_LOCK(&builder->lock);
    build->saving = false;
}

static void save_now_and_then(struct index_builder *builder, struct index_build *build)
{
    uint64_t made_to = 0;

    if (!begin_save(builder, build, &made_to))
        return;
    index_build_save(build, builder->directory, made_to);
    end_save(builder, build);
}

static void end_step(struct index_builder *builder, struct index_build *build,
                     struct build_step *step, int error)
{
    HOLD_LOCK(&builder->lock);
    list_remove(&step->link);
    build->threads--;
    if (error == 0)
        build->done += step->end - step->start;
    else
        build->counted_to = min_u64(build->counted_to, step->start);
    if (error != 0 && build->error == 0)
        build->error = error;
    if (list_empty(&build->steps) || build->ahead != UINT64_MAX)
        pthread_cond_broadcast(&builder->work); /* a thread may wait for this step */
}

/* Takes a step, or removes a build to end from the list. Returns the build; NULL: the end. */
static struct index_build *take_work(struct index_builder *builder, struct build_step *step,
                                     bool *ends)
{
    HOLD_LOCK(&builder->lock);
    struct index_build *build = await_work(builder);
    if (build == NULL)
        return NULL;
    build->threads++;
    *ends = !build_turn_has_steps(build);
    if (*ends)
        build->ending = true;
    else
        begin_step(builder, build, step);
    return build;
}

static void *build_steps(void *argument)
{
    struct index_builder *builder = argument;
    struct index_build *build;
    struct build_step step;
    bool ends;

    while ((build = take_work(builder, &step, &ends)) != NULL) {
        if (ends) {
            end_build(builder, build);
            continue;
        }
        /* A step is short, and is finished even if no waiter is left, as its counts are kept. */
        int error = take_build_step(builder, build, &step);
        if (error == 0)
            save_now_and_then(builder, build);
        end_step(builder, build, &step, error);
    }
    return NULL;
}

int index_builder_start(struct index_builder *builder, struct index_directory *directory,
                        unsigned threads)
{
    pthread_attr_t attributes;
    int error = 0;

    *builder = (struct index_builder){.directory = directory, .save_every = SAVE_EVERY_MS};
    pthread_mutex_init(&builder->lock, NULL);
    pthread_cond_init(&builder->work, NULL);
    list_reset(&builder->builds);
    builder->device_limit = threads > 0 ? threads : processors_allowed();
    threads = 2 * builder->device_limit + SPARE_THREADS;
    builder->threads = calloc(threads, sizeof(builder->threads[0]));
    if (builder->threads == NULL) {
        index_builder_destroy(builder);
        return -ENOMEM;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    for (unsigned i = 0; i < threads && error == 0; i++) {
        error = pthread_create(&builder->threads[i], &attributes, build_steps, builder);
        HOLD_LOCK(&builder->lock);
        builder->thread_count += error == 0 ? 1 : 0;
    }
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        index_builder_stop(builder);
        index_builder_destroy(builder);
    }
    return -error;
}

/* Ends all builds, with their steps. The lock is held. */
static void cancel_builds(struct index_builder *builder)
{
    for (struct list *link = builder->builds.next; link != &builder->builds; link = link->next) {
        struct index_build *build = list_object(link, struct index_build, link);
        if (build->ending)
            continue;
        atomic_store(&build->cancelled, true);
        build->error = build->error != 0 ? build->error : -CANCELLED;
    }
    pthread_cond_broadcast(&builder->work);
}

/* Makes the threads end. */
static void ask_to_end(struct index_builder *builder)
{
    HOLD_LOCK(&builder->lock);
    builder->ending = true;
    cancel_builds(builder);
}

static struct index_build *take_any_build(struct index_builder *builder)
{
    HOLD_LOCK(&builder->lock);
    if (list_empty(&builder->builds))
        return NULL;
    struct index_build *build = list_object(builder->builds.next, struct index_build, link);
    list_remove(&build->link);
    return build;
}

void index_builder_stop(struct index_builder *builder)
{
    struct index_build *build;

    if (builder->threads == NULL)
        return;
    ask_to_end(builder);
    for (unsigned i = 0; i < builder->thread_count; i++)
        (void)pthread_join(builder->threads[i], NULL);
    while ((build = take_any_build(builder)) != NULL) {
        build->error = -CANCELLED;
        end_build(builder, build);
    }
    free(steal_pointer(&builder->threads));
}

void index_builder_destroy(struct index_builder *builder)
{
    pthread_cond_destroy(&builder->work);
    pthread_mutex_destroy(&builder->lock);
}

/* --- waiting --------------------------------------------------------------------------------- */

void index_waiter_init(struct index_waiter *waiter,
                       void (*ended)(struct index_waiter *waiter, int error))
{
    *waiter = (struct index_waiter){.ended = ended};
    list_reset(&waiter->link);
}

/* The lock is held. */
static struct index_build *build_of(struct index_builder *builder, const struct reading *reading,
                                    const struct record_format *format)
{
    for (struct list *link = builder->builds.next; link != &builder->builds; link = link->next) {
        struct index_build *build = list_object(link, struct index_build, link);
        if (index_build_is_for(build, reading->generation, format))
            return build;
    }
    return NULL;
}

/*
 * Waits for the existing build, or for `fresh`, which then belongs to the builder. Returns 0,
 * -CANCELLED, or -NO_BUILD if there is neither.
 */
static int join_build(struct index_builder *builder, const struct reading *reading,
                      const struct record_format *format, struct index_build **fresh,
                      struct index_waiter *waiter)
{
    HOLD_LOCK(&builder->lock);
    if (waiter->left || builder->ending)
        return -CANCELLED;
    struct index_build *build = build_of(builder, reading, format);
    if (build == NULL && *fresh == NULL)
        return -NO_BUILD;
    if (build == NULL) {
        build = steal_pointer(fresh);
        list_append(&builder->builds, &build->link);
        builder->counts[build->type->kind].begun += index_build_has_work(build) ? 1 : 0;
    }
    build->abandoned = false; /* if it was abandoned, it continues */
    waiter->build = build;
    list_append(&build->waiters, &waiter->link);
    pthread_cond_broadcast(&builder->work);
    return 0;
}

int index_builder_join(struct index_builder *builder, const struct reading *reading,
                       const struct record_format *format, struct index_waiter *waiter)
{
    struct index_build *fresh = NULL;
    int error = join_build(builder, reading, format, &fresh, waiter);

    if (error != -NO_BUILD)
        return error;
    error = index_build_new(builder->directory, reading, format, &fresh);
    if (error == 0)
        error = join_build(builder, reading, format, &fresh, waiter);
    if (fresh != NULL) /* another thread was first, or the waiter has left */
        index_build_free(fresh);
    return error;
}

void index_builder_cancel(struct index_builder *builder)
{
    HOLD_LOCK(&builder->lock);
    cancel_builds(builder);
}

bool index_builder_leave(struct index_builder *builder, struct index_waiter *waiter)
{
    HOLD_LOCK(&builder->lock);
    struct index_build *build = steal_pointer(&waiter->build);
    bool waits = !list_empty(&waiter->link);
    waiter->left = true;
    list_remove(&waiter->link);
    if (build != NULL && list_empty(&build->waiters)) {
        build->abandoned = true;
        pthread_cond_broadcast(&builder->work);
    }
    return waits;
}

void index_builder_report(struct index_builder *builder,
                          void (*tell)(void *argument, const struct index_progress *progress),
                          void *argument)
{
    HOLD_LOCK(&builder->lock);
    for (struct list *link = builder->builds.next; link != &builder->builds; link = link->next) {
        const struct index_build *build = list_object(link, struct index_build, link);
        const struct index_progress progress = index_build_progress(build);
        tell(argument, &progress);
    }
}

struct build_counts index_builder_counts(struct index_builder *builder, enum build_kind kind)
{
    HOLD_LOCK(&builder->lock);
    return builder->counts[kind];
}
