/* SPDX-License-Identifier: MIT */
/*
 * A build: one index that threads count in steps (core/index/index_builder.h), or one map of a
 * compressed content (core/content/map_walk.h).
 *
 *     0        from              counted_to           next           size
 *     |  known  |  done  | done  | failed |  step A  | to be taken …  |
 *
 * A map is made before any index of its content. Its steps are of the file's bytes, one after the
 * other.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_BUILD_H
#define BIGFS_CORE_INDEX_INDEX_BUILD_H

#include <stdatomic.h>

#include "core/base/cancel.h"
#include "core/base/list.h"
#include "core/content/map_walk.h"
#include "core/content/reading.h"
#include "core/index/build_counts.h"
#include "core/index/index_draft.h"

struct index_build;

/* What a kind of build does. */
struct index_build_type {
    enum build_kind kind;
    bool one_at_a_time; /* no step begins while another is under way */

    /* Where a step from `start` ends. The builder's lock is held. */
    uint64_t (*step_end)(const struct index_build *build, uint64_t start);

    /* Takes a step. Sets *next if the next one is to start further on. Returns 0 or -errno. */
    int (*take)(struct index_build *build, uint64_t start, uint64_t end, uint64_t *next);

    /* Keeps what was made, as index_build_save(). NULL: it cannot be kept. */
    void (*save)(struct index_build *build, struct index_directory *directory, uint64_t made_to);

    /* Ends the build, as index_build_end(). */
    int (*end)(struct index_build *build, struct index_directory *directory);
};

struct index_build {
    struct list link;                    /* protected by index_builder.lock */
    const struct index_build_type *type; /* constant */
    atomic_bool cancelled;               /* steps under way end early */
    struct cancel cancel;                /* constant; says so */
    struct reading reading;              /* constant; owned; pinned if it is of an index */
    struct record_index *index;          /* constant; a reference; threads count steps into it */
    struct index_draft draft;            /* constant; the file at the beginning; owns `old` */
    struct map_walk *walk;   /* constant; owned; NULL: it is an index, or the map was found */
    struct index_feed *feed; /* constant; owned; counts records as the walk goes on; or NULL */
    uint64_t size;           /* constant; where the last step ends */
    uint64_t ahead;          /* constant; how far steps may be ahead of the oldest under way */
    uint64_t from;           /* constant; bytes that were already covered */
    uint64_t device;         /* constant; of the file's file system */
    int64_t began;           /* constant; clock_ms() */
    uint64_t next;           /* protected by index_builder.lock; where the next step begins */
    uint64_t done;           /* protected by index_builder.lock; bytes that were counted */
    uint64_t counted_to;     /* protected by index_builder.lock; no step before this has failed */
    bool saving;             /* protected by index_builder.lock; a thread keeps what was made */
    int64_t saved_at;        /* protected by index_builder.lock; CLOCK_MONOTONIC, ms */
    uint64_t saved_to;       /* of the thread that keeps it; how much the directory has of it */
    struct list steps;       /* protected by index_builder.lock; under way */
    unsigned threads;        /* protected by index_builder.lock; how many work on it */
    struct list waiters;     /* protected by index_builder.lock */
    bool abandoned;          /* protected by index_builder.lock; no waiter is left */
    bool ending;             /* protected by index_builder.lock; a thread is ending it */
    int error;               /* protected by index_builder.lock; the first */
};

/*
 * Makes a build for a source's generation that continues from the existing index, if any; of the
 * map, if that is missing. Returns 0 and a build that the caller owns, or -errno. Blocks as reads
 * of the file do.
 */
int index_build_new(struct index_directory *directory, const struct reading *reading,
                    const struct record_format *format, struct index_build **made);
void index_build_free(struct index_build *build);

/* Whether it is what a waiter for this format of the generation waits for. */
bool index_build_is_for(const struct index_build *build, const struct generation *generation,
                        const struct record_format *format);

/*
 * Keeps in the index directory what was made before `made_to`, if that is worthwhile. The steps
 * before it must be done. One thread at a time may do this, while other threads take steps, and
 * none may end the build.
 */
void index_build_save(struct index_build *build, struct index_directory *directory,
                      uint64_t made_to);

/*
 * Publishes the index if all is counted. If not, keeps what was counted, up to the first step that
 * is not done: in memory, and in the index directory if that is worthwhile. No step may be under
 * way. Returns 0, or why there is no index: -KEPT_PART if the build was cancelled and the directory
 * has its part. A waiter that gets 0 requests the index again.
 */
int index_build_end(struct index_build *build, struct index_directory *directory);

/* Whether there was anything to do when it began: a map may have been found. */
bool index_build_has_work(const struct index_build *build);

/* How it ended: `error` is what index_build_end() returned. The builder's lock is held. */
enum build_result index_build_result(const struct index_build *build, int error);

/* How far it has come. Valid as long as the build. The builder's lock is held. */
struct index_progress index_build_progress(const struct index_build *build);

#endif
