#include "core/index/indexer.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/index/index_making.h"
#include "core/index/line_scan.h"

enum {
    STACK_SIZE = 2048 * 1024, /* a scan has buffers of 512 KiB, the thread sanitizer takes 770 */
    SPARE_THREADS = 4,        /* beside twice as many as one device may take */
};

struct index_build {
    struct list link;              /* protected by indexer.lock */
    struct source *source;         /* constant; a reference */
    struct generation *generation; /* constant; a reference, pinned */
    struct line_index *index; /* constant; a reference; counted into by a thread that has a step */
    struct index_beginning begun; /* constant; the file when the build began; owns `old` */
    uint64_t from;                /* constant; what was there is up to here */
    uint64_t next;                /* protected by indexer.lock; where the next step begins */
    uint64_t done;                /* protected by indexer.lock; bytes that were counted */
    uint64_t counted_to;          /* protected by indexer.lock; no step before this has failed */
    struct list steps;            /* protected by indexer.lock; under way */
    uint64_t device;              /* constant; of the file system that it is on */
    unsigned threads;             /* protected by indexer.lock; how many work on it */
    struct list waiters;          /* protected by indexer.lock */
    bool abandoned;               /* protected by indexer.lock; nobody waits any more */
    bool ending;                  /* protected by indexer.lock; a thread is at that */
    int error;                    /* protected by indexer.lock; the first that happened */
};

/* A step under way. Lives on the stack of the thread that takes it. */
struct step {
    struct list link; /* protected by indexer.lock */
    uint64_t start;
    uint64_t end;
};

/* --- builds ---------------------------------------------------------------------------------- */

static void free_build(struct index_build *build)
{
    line_index_unref(build->index);
    line_index_unref(build->begun.old);
    if (build->generation != NULL) {
        source_unpin(build->source, build->generation);
        generation_unref(build->generation);
        source_unref(build->source);
    }
    free(build);
}

/* Makes a build that goes on from what there is. */
static int make_build(struct indexer *indexer, struct source *source, struct generation *generation,
                      struct index_build **made)
{
    int fd = -1;
    int error = source_pin(source, generation);
    if (error != 0)
        return error;
    struct index_build *build = calloc(1, sizeof(*build));
    if (build == NULL) {
        source_unpin(source, generation);
        return -ENOMEM;
    }
    build->source = source_ref(source);
    build->generation = generation_ref(generation);
    list_reset(&build->link);
    list_reset(&build->steps);
    list_reset(&build->waiters);
    error = source_borrow(source, generation, &fd);
    if (error == 0) {
        int match = index_begin(indexer->store, generation, fd, &build->begun);
        error = match < 0 ? match : 0;
        source_return(source, generation);
    }
    if (error == 0) {
        build->index = line_index_new(build->begun.of.file.size, build->begun.old);
        build->next = index_beginning_covers(&build->begun);
        build->from = build->next;
        build->counted_to = build->index != NULL ? build->index->size : 0;
        error = build->index != NULL ? 0 : -ENOMEM;
    }
    if (error != 0) {
        free_build(build);
        return error;
    }
    *made = build;
    return 0;
}

/* Whether the file holds what it did when the build began, as far as digests tell. */
static bool is_as_begun(const struct index_build *build, int fd)
{
    return source_check(build->source, build->generation, fd) == 0 &&
           index_confirm(build->generation, fd, &build->begun) == 0 &&
           index_still_right(build->generation, &build->begun.of);
}

/*
 * Keeps in memory what an abandoned build has counted: the index of the part up to the first step
 * that is not done.
 */
static void keep_part(const struct index_build *build)
{
    struct file_identity part = build->begun.of.file;
    struct index_key key;
    int fd = -1;

    part.size = build->counted_to;
    if (part.size <= build->from)
        return;
    struct line_index *index = line_index_new(part.size, build->index);
    if (index == NULL || source_borrow(build->source, build->generation, &fd) != 0) {
        line_index_unref(index);
        return;
    }
    line_index_finish(index, true);
    if (index_key_make(fd, &part, &key) == 0 && index_key_add_sample(fd, &key) == 0 &&
        is_as_begun(build, fd))
        index_slot_put(&build->generation->lines_index, index, &key, &build->begun.of);
    source_return(build->source, build->generation);
    line_index_unref(index);
}

/*
 * Takes the build out of the list, so that nobody can join it any more, and all its waiters out of
 * the build: they are to be told.
 */
static void remove_build(struct indexer *indexer, struct index_build *build, struct list *waiters)
{
    HOLD_LOCK(&indexer->lock);
    list_remove(&build->link);
    while (!list_empty(&build->waiters)) {
        struct index_waiter *waiter = list_object(build->waiters.next, struct index_waiter, link);
        list_remove(&waiter->link);
        list_append(waiters, &waiter->link);
        waiter->build = NULL;
    }
}

/* From here on it cannot leave. NULL: all have been told, or have left. */
static struct index_waiter *take_waiter(struct indexer *indexer, struct list *waiters)
{
    HOLD_LOCK(&indexer->lock);
    if (list_empty(waiters))
        return NULL;
    struct index_waiter *waiter = list_object(waiters->next, struct index_waiter, link);
    list_remove(&waiter->link);
    return waiter;
}

/*
 * Ends a build, for one thread alone. A waiter that joins before its index is there is told with
 * it, and last: the source may be gone then.
 */
static void end_build(struct indexer *indexer, struct index_build *build)
{
    struct list waiters; /* protected by indexer.lock, as they may leave */
    struct index_waiter *waiter;
    int error = build->error;

    build->counted_to = min_u64(build->counted_to, build->next);
    if (error == 0 && build->counted_to == build->index->size)
        error = index_publish(indexer->store, build->source, build->generation, build->index,
                              &build->begun);
    else
        keep_part(build);
    if (error == -TRY_AGAIN)
        error = 0; /* a waiter asks again */
    list_reset(&waiters);
    remove_build(indexer, build, &waiters);
    free_build(build);
    while ((waiter = take_waiter(indexer, &waiters)) != NULL)
        waiter->ended(waiter, error);
}

/* --- threads --------------------------------------------------------------------------------- */

/* Whether a device may take one more thread: half of what the others leave it. The lock is held. */
static bool has_thread_for(const struct indexer *indexer, uint64_t device)
{
    unsigned own = 0;
    unsigned others = 0;

    for (const struct list *link = indexer->builds.next; link != &indexer->builds;
         link = link->next) {
        const struct index_build *build = list_object(link, const struct index_build, link);
        if (build->device == device)
            own += build->threads;
        else
            others += build->threads;
    }
    return own == 0 || (own < indexer->device_limit && own < (indexer->thread_count - others) / 2);
}

static bool has_steps(const struct index_build *build)
{
    return build->next < build->index->size && build->error == 0 && !build->abandoned;
}

/*
 * Finds a build that has a step to take or is to be ended, the one whose turn it is; NULL: there is
 * none. The lock is held.
 */
static struct index_build *next_build(const struct indexer *indexer)
{
    for (struct list *link = indexer->builds.next; link != &indexer->builds; link = link->next) {
        struct index_build *build = list_object(link, struct index_build, link);
        if (!build->ending && (has_steps(build) || list_empty(&build->steps)) &&
            has_thread_for(indexer, build->device))
            return build;
    }
    return NULL;
}

/* Waits for work. NULL: the end. The lock is held. */
static struct index_build *await_work(struct indexer *indexer)
{
    for (;;) {
        if (indexer->ending)
            return NULL;
        struct index_build *build = next_build(indexer);
        if (build != NULL)
            return build;
        pthread_cond_wait(&indexer->work, &indexer->lock);
    }
}

/* Takes a step of the build, whose turn is over with that. The lock is held. */
static void begin_step(struct indexer *indexer, struct index_build *build, struct step *step)
{
    step->start = build->next;
    step->end = line_step_end(step->start, build->index->size);
    build->next = step->end;
    list_reset(&step->link);
    list_append(&build->steps, &step->link);
    list_remove(&build->link);
    list_append(&indexer->builds, &build->link);
}

/* Goes on after a hole that was found to reach to there, unless another thread has already. */
static void skip_to(struct indexer *indexer, struct index_build *build, uint64_t next)
{
    HOLD_LOCK(&indexer->lock);
    if (next <= build->next)
        return;
    build->done += next - build->next;
    build->next = next;
}

/* Counts a step. A hole that it begins in, and that is longer, is passed at once by all threads. */
static int take_step(struct indexer *indexer, struct index_build *build, const struct step *step)
{
    uint64_t next = step->start;
    int error =
        line_scan_pass_hole(build->source, build->generation, build->index, step->start, &next);

    if (error == 0 && next > step->start) {
        skip_to(indexer, build, next);
        return 0;
    }
    if (error == 0)
        error =
            line_scan(build->source, build->generation, step->start, step->end, NULL, build->index);
    return error;
}

static void end_step(struct indexer *indexer, struct index_build *build, struct step *step,
                     int error)
{
    HOLD_LOCK(&indexer->lock);
    list_remove(&step->link);
    build->threads--;
    if (error == 0)
        build->done += step->end - step->start;
    else
        build->counted_to = min_u64(build->counted_to, step->start);
    if (error != 0 && build->error == 0)
        build->error = error;
    if (list_empty(&build->steps))
        pthread_cond_signal(&indexer->work);
}

/* Takes a step, or a build to end out of the list. Returns which build; NULL: the end. */
static struct index_build *take_work(struct indexer *indexer, struct step *step, bool *ends)
{
    HOLD_LOCK(&indexer->lock);
    struct index_build *build = await_work(indexer);
    if (build == NULL)
        return NULL;
    build->threads++;
    *ends = !has_steps(build);
    if (*ends)
        build->ending = true;
    else
        begin_step(indexer, build, step);
    return build;
}

static void *work(void *argument)
{
    struct indexer *indexer = argument;
    struct index_build *build;
    struct step step;
    bool ends;

    while ((build = take_work(indexer, &step, &ends)) != NULL) {
        if (ends) {
            end_build(indexer, build);
            continue;
        }
        /* A step is short, and is done even if nobody waits any more: what it counts is kept. */
        end_step(indexer, build, &step, take_step(indexer, build, &step));
    }
    return NULL;
}

static unsigned allowed_processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

int indexer_start(struct indexer *indexer, struct index_store *store, unsigned threads)
{
    pthread_attr_t attributes;
    int error = 0;

    *indexer = (struct indexer){.store = store};
    pthread_mutex_init(&indexer->lock, NULL);
    pthread_cond_init(&indexer->work, NULL);
    list_reset(&indexer->builds);
    indexer->device_limit = threads > 0 ? threads : allowed_processors();
    threads = 2 * indexer->device_limit + SPARE_THREADS;
    indexer->threads = calloc(threads, sizeof(indexer->threads[0]));
    if (indexer->threads == NULL) {
        indexer_destroy(indexer);
        return -ENOMEM;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    for (unsigned i = 0; i < threads && error == 0; i++) {
        error = pthread_create(&indexer->threads[i], &attributes, work, indexer);
        indexer->thread_count += error == 0 ? 1 : 0;
    }
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        indexer_stop(indexer);
        indexer_destroy(indexer);
    }
    return -error;
}

/* Tells the threads to end with their steps. */
static void ask_to_end(struct indexer *indexer)
{
    HOLD_LOCK(&indexer->lock);
    indexer->ending = true;
    pthread_cond_broadcast(&indexer->work);
}

static struct index_build *take_any(struct indexer *indexer)
{
    HOLD_LOCK(&indexer->lock);
    if (list_empty(&indexer->builds))
        return NULL;
    struct index_build *build = list_object(indexer->builds.next, struct index_build, link);
    list_remove(&build->link);
    return build;
}

void indexer_stop(struct indexer *indexer)
{
    struct index_build *build;

    if (indexer->threads == NULL)
        return;
    ask_to_end(indexer);
    for (unsigned i = 0; i < indexer->thread_count; i++)
        (void)pthread_join(indexer->threads[i], NULL);
    while ((build = take_any(indexer)) != NULL) {
        build->error = -CANCELLED;
        end_build(indexer, build);
    }
    free(steal_pointer(&indexer->threads));
}

void indexer_destroy(struct indexer *indexer)
{
    pthread_cond_destroy(&indexer->work);
    pthread_mutex_destroy(&indexer->lock);
}

/* --- waiting --------------------------------------------------------------------------------- */

void index_waiter_init(struct index_waiter *waiter,
                       void (*ended)(struct index_waiter *waiter, int error))
{
    *waiter = (struct index_waiter){.ended = ended};
    list_reset(&waiter->link);
}

/* The lock is held. */
static struct index_build *build_of(struct indexer *indexer, const struct generation *generation)
{
    for (struct list *link = indexer->builds.next; link != &indexer->builds; link = link->next) {
        struct index_build *build = list_object(link, struct index_build, link);
        if (build->generation == generation)
            return build;
    }
    return NULL;
}

/*
 * Waits for the build that there is, or for `fresh`, which becomes the indexer's then. Returns 0,
 * -CANCELLED, or -NO_BUILD where there is neither.
 */
static int join_build(struct indexer *indexer, const struct generation *generation,
                      struct index_build **fresh, struct index_waiter *waiter)
{
    HOLD_LOCK(&indexer->lock);
    if (waiter->left || indexer->ending)
        return -CANCELLED;
    struct index_build *build = build_of(indexer, generation);
    if (build == NULL && *fresh == NULL)
        return -NO_BUILD;
    if (build == NULL) {
        build = steal_pointer(fresh);
        list_append(&indexer->builds, &build->link);
    }
    build->abandoned = false; /* it goes on, if it was */
    waiter->build = build;
    list_append(&build->waiters, &waiter->link);
    pthread_cond_broadcast(&indexer->work);
    return 0;
}

int indexer_join(struct indexer *indexer, struct source *source, struct generation *generation,
                 struct index_waiter *waiter)
{
    struct index_build *fresh = NULL;
    int error = join_build(indexer, generation, &fresh, waiter);

    if (error != -NO_BUILD)
        return error;
    error = make_build(indexer, source, generation, &fresh);
    if (error == 0)
        error = join_build(indexer, generation, &fresh, waiter);
    if (fresh != NULL) /* another thread was first, or nobody waits any more */
        free_build(fresh);
    return error;
}

bool indexer_leave(struct indexer *indexer, struct index_waiter *waiter)
{
    HOLD_LOCK(&indexer->lock);
    struct index_build *build = steal_pointer(&waiter->build);
    bool waits = !list_empty(&waiter->link);
    waiter->left = true;
    list_remove(&waiter->link);
    if (build != NULL && list_empty(&build->waiters)) {
        build->abandoned = true;
        pthread_cond_broadcast(&indexer->work);
    }
    return waits;
}

void indexer_report(struct indexer *indexer,
                    void (*tell)(void *argument, const struct index_progress *progress),
                    void *argument)
{
    HOLD_LOCK(&indexer->lock);
    for (struct list *link = indexer->builds.next; link != &indexer->builds; link = link->next) {
        const struct index_build *build = list_object(link, struct index_build, link);
        const struct index_progress progress = {
            .path = build->source->path,
            .done = build->from + build->done,
            .size = build->index->size,
        };
        tell(argument, &progress);
    }
}
