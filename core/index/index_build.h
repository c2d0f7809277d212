/* SPDX-License-Identifier: MIT */
/*
 * A build: one index that threads count in steps (core/index/index_builder.h).
 *
 *     0        from              counted_to           next           size
 *     |  known  |  done  | done  | failed |  step A  | to be taken …  |
 */
#ifndef BIGFS_CORE_INDEX_INDEX_BUILD_H
#define BIGFS_CORE_INDEX_INDEX_BUILD_H

#include "core/base/list.h"
#include "core/content/reading.h"
#include "core/index/index_draft.h"

struct index_build {
    struct list link;           /* protected by index_builder.lock */
    struct reading reading;     /* constant; owned, pinned */
    struct record_index *index; /* constant; a reference; threads count their steps into it */
    struct index_draft draft;   /* constant; the file when the build began; owns `old` */
    uint64_t from;              /* constant; bytes that were already covered */
    uint64_t device;            /* constant; of the file's file system */
    uint64_t next;              /* protected by index_builder.lock; where the next step begins */
    uint64_t done;              /* protected by index_builder.lock; bytes that were counted */
    uint64_t counted_to; /* protected by index_builder.lock; no step before this has failed */
    struct list steps;   /* protected by index_builder.lock; under way */
    unsigned threads;    /* protected by index_builder.lock; how many work on it */
    struct list waiters; /* protected by index_builder.lock */
    bool abandoned;      /* protected by index_builder.lock; no waiter is left */
    bool ending;         /* protected by index_builder.lock; a thread is ending it */
    int error;           /* protected by index_builder.lock; the first */
};

/*
 * Makes a build for a source's generation that continues from the existing index, if any. Returns 0
 * and a build that the caller owns, or -errno. Blocks as reads of the file do.
 */
int index_build_new(struct index_directory *directory, const struct reading *reading,
                    const struct record_format *format, struct index_build **made);
void index_build_free(struct index_build *build);

/*
 * Publishes the index if all is counted, or keeps in memory what an abandoned build has counted, up
 * to the first step that is not done. No step may be under way. Returns 0, or why there is no
 * index; a waiter that gets 0 requests the index again.
 */
int index_build_end(struct index_build *build, struct index_directory *directory);

#endif
