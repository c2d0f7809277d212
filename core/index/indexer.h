/*
 * Makes line indexes: threads that scan the sources that somebody waits for.
 *
 *     build 1   |done|done|step A|step B|      |      |      each thread takes the next step of
 *     build 2   |done|step C|      |                         the build whose turn it is
 *
 * An index goes on from what there is: that of the generation in memory (core/index/index_slot.h),
 * one in the index directory, or the first part of either if the file has grown. When nobody waits
 * for a build any more it stops, and what it has counted is kept in memory for the next request.
 *
 * All functions are thread-safe. Threads and their stacks are made at the start and never more.
 */
#ifndef BIGFS_CORE_INDEX_INDEXER_H
#define BIGFS_CORE_INDEX_INDEXER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/content/source.h"
#include "core/index/index_store.h"

struct indexer {
    struct index_store *store; /* constant */
    pthread_t *threads;        /* constant; owned */
    unsigned thread_count;     /* constant */
    unsigned device_limit;     /* constant; how many threads one device may take at most */
    pthread_mutex_t lock;
    pthread_cond_t work; /* signalled when there is a step to take, or a build to end */
    struct list builds;  /* protected by lock; the one whose turn it is first */
    bool ending;         /* protected by lock */
};

struct index_build;

/* What waits for a build. Embedded in what is the caller's. */
struct index_waiter {
    struct list link;          /* protected by indexer.lock */
    struct index_build *build; /* protected by indexer.lock; NULL: of none, or it has ended */
    bool left;                 /* protected by indexer.lock */

    /*
     * Called once, by any thread and with no lock held, when the build has ended: with 0 (ask for
     * the index again), or why there is none. From then on the waiter is the caller's again, and so
     * are the source and the generation: the indexer holds nothing of them. Must not take long:
     * others are told after this one.
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
int indexer_start(struct indexer *indexer, struct index_store *store, unsigned threads);

/*
 * Ends all builds (waiters are told -CANCELLED) and all threads. A later join gets
 * -CANCELLED. More often than once does no harm.
 */
void indexer_stop(struct indexer *indexer);

/* Frees the rest, after indexer_stop(). */
void indexer_destroy(struct indexer *indexer);

void index_waiter_init(struct index_waiter *waiter,
                       void (*ended)(struct index_waiter *waiter, int error));

/*
 * Waits, without a thread, for the index of a generation: begins to make it, or joins the build
 * that others wait for already. Returns 0: waiter->ended will be called, unless indexer_leave()
 * comes first; or -errno, and it will not: -CANCELLED if the waiter has left before.
 */
int indexer_join(struct indexer *indexer, struct source *source, struct generation *generation,
                 struct index_waiter *waiter);

/*
 * Waits no more. Returns whether it did: then `ended` will not be called. May be called before
 * indexer_join(), which fails then.
 */
bool indexer_leave(struct indexer *indexer, struct index_waiter *waiter);

/*
 * Calls `tell` for each build. `tell` must not call the indexer, and what it is told lives as long
 * as the call.
 */
void indexer_report(struct indexer *indexer,
                    void (*tell)(void *argument, const struct index_progress *progress),
                    void *argument);

#endif
