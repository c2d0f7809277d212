/* SPDX-License-Identifier: MIT */
/*
 * Makes indexes: threads scan the content whose index is waited for.
 *
 *     build 1   |done|done|step A|step B|      |      |      each thread takes the next step of
 *     build 2   |done|step C|      |                         the build whose turn it is
 *
 * A build continues from an existing index: the generation's in memory (core/index/index_note.h),
 * one in the index directory, or the first part of either if the file has grown or the counting was
 * interrupted. If no waiter is left, the build stops, and what it has counted is kept for the next
 * request. It is kept in the index directory too, also once a minute, as the process may be killed.
 *
 * All functions are thread-safe. Threads and their stacks are created only at the start.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_BUILDER_H
#define BIGFS_CORE_INDEX_INDEX_BUILDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/content/reading.h"
#include "core/index/build_counts.h"
#include "core/index/index_directory.h"

struct index_builder {
    struct index_directory *directory; /* constant */
    pthread_t *threads;                /* constant; owned */
    unsigned thread_count;             /* protected by lock until all have been started */
    unsigned device_limit;             /* constant; the most threads that one device may take */
    pthread_mutex_t lock;
    pthread_cond_t work; /* signalled when there is a step to take, or a build to end */
    struct list builds;  /* protected by lock; the one whose turn it is first */
    bool ending;         /* protected by lock */
    struct build_counts counts[BUILD_KINDS]; /* protected by lock */
    _Atomic int64_t save_every;              /* ms; how often what was made of a build is kept */
};

struct index_build;

/* Waits for a build. Embedded in an object of the caller. */
struct index_waiter {
    struct list link;          /* protected by index_builder.lock */
    struct index_build *build; /* protected by index_builder.lock; NULL: none, or it has ended */
    bool left;                 /* protected by index_builder.lock */

    /*
     * Called once, by any thread and with no lock held, after the build has ended: with 0 (request
     * the index again), or why there is none. From then on the builder no longer uses the waiter or
     * anything that it waited for. Must be quick: other waiters are informed after this one.
     */
    void (*ended)(struct index_waiter *waiter, int error);
};

/*
 * Starts threads, of which `threads` may work on one device (0: one for each processor this process
 * may use). There are more for other devices, so that a device that does not answer, and holds its
 * threads, does not delay the others. Returns 0 or -errno.
 */
int index_builder_start(struct index_builder *builder, struct index_directory *directory,
                        unsigned threads);

/*
 * Ends all builds (waiters get -CANCELLED) and all threads. A later join returns -CANCELLED. May be
 * called more than once.
 */
void index_builder_stop(struct index_builder *builder);

/* Frees the rest, after index_builder_stop(). */
void index_builder_destroy(struct index_builder *builder);

void index_waiter_init(struct index_waiter *waiter,
                       void (*ended)(struct index_waiter *waiter, int error));

/*
 * Waits for the index of a reading's generation without occupying a thread: starts a build, or
 * joins the one under way. Returns 0 if waiter->ended will be called, unless index_builder_leave()
 * comes first. Returns -errno if it will not be called: -CANCELLED if the waiter has already left.
 * The reading may be closed after this returns.
 */
int index_builder_join(struct index_builder *builder, const struct reading *reading,
                       const struct record_format *format, struct index_waiter *waiter);

/*
 * Ends all builds under way, and their steps early; what was counted before these is kept. Waiters
 * get -CANCELLED, or -KEPT_PART if the index directory has it. Does not wait for that.
 */
void index_builder_cancel(struct index_builder *builder);

/*
 * Stops waiting. Returns true if `ended` will not be called. May be called before
 * index_builder_join(), which then fails.
 */
bool index_builder_leave(struct index_builder *builder, struct index_waiter *waiter);

/*
 * Calls `tell` for each build. `tell` must not call the index_builder. *progress is valid during
 * the call.
 */
void index_builder_report(struct index_builder *builder,
                          void (*tell)(void *argument, const struct index_progress *progress),
                          void *argument);

/* How many builds of a kind there have been. */
struct build_counts index_builder_counts(struct index_builder *builder, enum build_kind kind);

#endif
