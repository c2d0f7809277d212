/* SPDX-License-Identifier: MIT */
/*
 * Makes indexes: threads that scan the content that readers wait for.
 *
 *     build 1   |done|done|step A|step B|      |      |      each thread takes the next step of
 *     build 2   |done|step C|      |                         the build whose turn it is
 *
 * An index goes on from what there is: that of the generation in memory (core/index/index_note.h),
 * one in the index directory, or the first part of either if the file has grown. When no reader
 * waits for a build any more it stops, and what it has counted is kept in memory for the next
 * request.
 *
 * All functions are thread-safe. Threads and their stacks are made at the start and never more.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_BUILDER_H
#define BIGFS_CORE_INDEX_INDEX_BUILDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/content/reading.h"
#include "core/index/index_directory.h"

struct index_builder {
    struct index_directory *directory; /* constant */
    pthread_t *threads;                /* constant; owned */
    unsigned thread_count;             /* constant */
    unsigned device_limit;             /* constant; how many threads one device may take at most */
    pthread_mutex_t lock;
    pthread_cond_t work; /* signalled when there is a step to take, or a build to end */
    struct list builds;  /* protected by lock; the one whose turn it is first */
    bool ending;         /* protected by lock */
};

struct index_build;

/* What waits for a build. Embedded in what is the caller's. */
struct index_waiter {
    struct list link;          /* protected by index_builder.lock */
    struct index_build *build; /* protected by index_builder.lock; NULL: of none, or it has ended */
    bool left;                 /* protected by index_builder.lock */

    /*
     * Called once, by any thread and with no lock held, when the build has ended: with 0 (ask for
     * the index again), or why there is none. From then on the waiter is the caller's again, and so
     * is what it waited for: the builder holds nothing of that. Must not take long:
     * others are called after this one.
     */
    void (*ended)(struct index_waiter *waiter, int error);
};

/* How far a build has come. */
struct index_progress {
    const char *path; /* of the source, beneath SOURCE */
    uint64_t done;    /* bytes */
    uint64_t size;    /* bytes */
};

/*
 * Starts threads, of which `threads` may work on one device (0: one for each processor this process
 * may use). There are more, for other devices: one that does not answer, and holds its threads,
 * does not hold up the others. Returns 0 or -errno.
 */
int index_builder_start(struct index_builder *builder, struct index_directory *directory,
                        unsigned threads);

/*
 * Ends all builds (waiters get -CANCELLED) and all threads. A later join gets
 * -CANCELLED. More often than once does no harm.
 */
void index_builder_stop(struct index_builder *builder);

/* Frees the rest, after index_builder_stop(). */
void index_builder_destroy(struct index_builder *builder);

void index_waiter_init(struct index_waiter *waiter,
                       void (*ended)(struct index_waiter *waiter, int error));

/*
 * Waits, without a thread, for the index of a reading's generation: begins to make it, or joins the
 * build that others wait for already. Returns 0: waiter->ended will be called, unless
 * index_builder_leave() comes first; or -errno, and it will not: -CANCELLED if the waiter has left
 * before. The reading may be closed then.
 */
int index_builder_join(struct index_builder *builder, const struct reading *reading,
                       const struct record_format *format, struct index_waiter *waiter);

/*
 * Waits no more. Returns whether it did: then `ended` will not be called. May be called before
 * index_builder_join(), which fails then.
 */
bool index_builder_leave(struct index_builder *builder, struct index_waiter *waiter);

/*
 * Calls `tell` for each build. `tell` must not call the index_builder, and what it gets lives as
 * long as the call.
 */
void index_builder_report(struct index_builder *builder,
                          void (*tell)(void *argument, const struct index_progress *progress),
                          void *argument);

#endif
