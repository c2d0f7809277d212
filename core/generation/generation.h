/*
 * A generation: one content of a source file, as far as anybody can tell.
 *
 * It is told by the file's device, inode, size, mtime and ctime, and by digests of its content.
 * What a change of these means is for core/generation/generation_check.h; how the digests are
 * taken, for core/generation/generation_capture.h. This is what both, and all that reads, know of
 * it.
 *
 * Generations are counted references, and all functions are thread-safe and do not block.
 */
#ifndef BIGFS_CORE_GENERATION_GENERATION_H
#define BIGFS_CORE_GENERATION_GENERATION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/extent/extents.h"
#include "core/file/file_identity.h"
#include "core/file/mappable.h"
#include "core/file/open_files.h"
#include "core/generation/content_digests.h"
#include "core/index/index_slot.h"
#include "core/record/scan_memory.h"

/* Where the first `count` records of the first `size` bytes end; count 0: not known. */
struct record_prefix {
    unsigned era; /* the generation's when the search began */
    uint64_t count;
    uint64_t size;
    uint64_t boundary;
};

/* Why the digests are compared even if no attribute differs. */
enum generation_doubt {
    DOUBT_TIME = 1,   /* the time stamp may stand for a later change too */
    DOUBT_SAMPLE = 2, /* it has grown since the sample was compared */
};

struct generation {
    atomic_uint references;
    uint64_t serial;   /* constant; no other generation of this process has it */
    atomic_bool stale; /* set once, never cleared */
    bool rewritten; /* constant once it is known: it came in the place of one that had been captured
                     */
    atomic_bool grown;  /* set once; what was found of record ends is to be verified from then on */
    atomic_uint doubts; /* enum generation_doubt, or-ed; written under lock */
    _Atomic int64_t path_seen; /* when its path was last seen to lead to it: CLOCK_MONOTONIC, ms */
    struct open_file file;     /* the slot of its descriptor, in the cache of open files */
    struct mappable mappable;  /* whether it may be scanned through windows */
    struct scan_memory lines;  /* where its lines end; has its own lock */
    struct extents extents;    /* where its holes are; has its own lock */
    struct index_slot lines_index; /* how many lines there are before any place; its own lock */

    pthread_mutex_t lock;
    struct file_identity identity; /* protected by lock; as last seen */
    struct file_identity base;     /* protected by lock; when it was captured or last revised */
    unsigned revision;             /* protected by lock; how often the ctime alone has moved: then
                                      its bytes may be others, and what was found in them is void */
    unsigned era;                  /* protected by lock; how often what was found of record ends
                                      became void */
    bool settled;                  /* protected by lock; capturing was tried */
    struct content_ends ends;      /* protected by lock; of `identity`, if readable: captured */
    struct content_sample sample;  /* protected by lock; of the first `sampled` bytes */
    uint64_t sampled;              /* protected by lock; 0: there is no sample yet */
    uint64_t sampled_from;         /* protected by lock; the size at the first sample */
    int64_t sample_rest;           /* protected by lock; until when comparing again would cost more
                                      than its share of the time, in ms */
    int64_t sample_due;            /* protected by lock; when it is to be compared again, in ms */
    int64_t moved;                 /* protected by lock; when `identity` was first seen, in ms */
    struct record_prefix prefix;   /* protected by lock; the last that was asked for */
};

/* Makes a generation with one reference, for the caller. NULL: no memory. */
struct generation *generation_new(const struct file_identity *identity);
struct generation *generation_ref(struct generation *generation);

/* Drops a reference (NULL is allowed). At the last one its descriptor must have been closed. */
void generation_unref(struct generation *generation);

/* The identity as last seen; its size is the generation's size now. */
struct file_identity generation_identity(struct generation *generation);
uint64_t generation_size(struct generation *generation);

/* The same, with the revision that has it. */
struct file_identity generation_revised(struct generation *generation, unsigned *revision);

/*
 * Whether the file was this generation, in its present revision, when it had the attributes `then`:
 * they lie between those of now and those when it was captured or last revised. False if it was not
 * captured.
 */
bool generation_covers(struct generation *generation, const struct file_identity *then);

/* How often what was found of record ends became void; where it moves between two searches, they
 * may not fit together. */
unsigned generation_era(struct generation *generation);

/* Forgets what was found of record ends, which turned out to be wrong. Moves the era. */
void generation_forget_record_ends(struct generation *generation);

/*
 * Takes over the number of blocks where nothing else has changed: dirty pages found theirs, or
 * somebody stored into a hole through a mapping.
 */
void generation_note_blocks(struct generation *generation, const struct file_identity *seen);

/* Whether generation_capture() has succeeded before. */
bool generation_settled(struct generation *generation);

/*
 * For core/generation/generation_capture.h and core/generation/generation_check.h alone.
 *
 * generation_end() marks the generation stale; returns -ESTALE. The others want the lock to be
 * held: generation_set_doubt() sets or clears a doubt; generation_set_sample() takes over the
 * sample of `size` bytes, which began to be read at `begun` (ms); generation_set_rest() says that
 * the last one was compared again, which began at `begun`.
 */
int generation_end(struct generation *generation);
void generation_set_doubt(struct generation *generation, unsigned doubt, bool doubted);
void generation_set_rest(struct generation *generation, int64_t begun);
void generation_set_sample(struct generation *generation, const struct content_sample *sample,
                           uint64_t size, int64_t begun);

#endif
