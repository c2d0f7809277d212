/*
 * A generation: one content of a source file, as far as anybody can tell.
 *
 * It is told by the file's device, inode, size, mtime and ctime. What a change of these means:
 *
 *     nothing differs                                     the same generation
 *     only the ctime; the digests are as they were        the same, a new revision (chmod, a link)
 *     device or inode, on overlayfs; the digests are      the same (a copy-up: a descriptor always
 *       as they were                                      refers to the same file)
 *     it grew; the digests of what it was are as they     appended to: the generation goes on,
 *       were                                              larger; what was handed out is valid
 *     anything else                                       over: the generation is stale for good
 *
 * The digests (core/content_digests.h) are those of the first block, the last 4 KiB and a sample.
 * They must have been taken before the change: the ends are captured before anybody reads, the
 * sample soon after (core/sampler.h). The ends are compared at every change. The sample of a file
 * that grows is compared half a second apart, so that a rewrite which grows the file is seen for
 * what it is within that time if it changed a sampled block.
 *
 * A time stamp that is not yet past is not trusted. As long as another change might get the same
 * one (time stamps of whole seconds), the digests are compared even if no attribute differs.
 *
 * Nobody has read of a generation that was not captured. Until then it follows the file, whatever
 * happens to that, unless it becomes smaller.
 *
 * Generations are counted references, and all functions are thread-safe. Those that take a
 * descriptor read from it (a few KiB, blocking as pread(2)); no lock is held meanwhile.
 */
#ifndef BIGFS_CORE_GENERATION_H
#define BIGFS_CORE_GENERATION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/content_digests.h"
#include "core/extents.h"
#include "core/file_identity.h"
#include "core/index_slot.h"
#include "core/mappable.h"
#include "core/open_files.h"
#include "core/scan_memory.h"

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

/*
 * Captures the digests of the ends, if that has not been done. Nobody has read of the generation
 * before that, so it takes the file as it is by now, unless it has become smaller: what was
 * promised of its size must hold. A write may be under way, so it waits until the file is at rest
 * (file_rest_await: 250 ms at most, or 2 s if time stamps are of whole seconds). Of a file that is
 * written to without a pause the last of many looks is taken. If an end cannot be read, the
 * generation goes without its digests, and any change is its end. Returns 0, -ESTALE if it is
 * smaller or another file, or an error of looking at the file.
 */
int generation_capture(struct generation *generation, int fd);

/*
 * Compares the sample with what the file holds now, whether that is due or not. Returns 0, also if
 * there is no sample yet; -ESTALE, which does not end the generation; or as content_sample_read.
 */
int generation_confirm_sample(struct generation *generation, int fd);

/* Whether there is no sample yet of a content that has more than its ends. Does not block. */
bool generation_wants_sample(struct generation *generation);

/*
 * Recalls the sample of the first `size` bytes, as it was when it was last taken or compared. False
 * if there is none of so many bytes. Does not block.
 */
bool generation_recall_sample(struct generation *generation, uint64_t size,
                              struct content_sample *sample);

/*
 * Takes the sample, if there is none and the file is what it was when it was captured. Else the
 * check that finds the file grown takes it.
 */
void generation_take_sample(struct generation *generation, int fd);

/* Whether generation_capture() has succeeded before. */
bool generation_settled(struct generation *generation);

/*
 * Whether what was read from `fd` before this call is of this generation. If the file was appended
 * to, the generation grows. *changed tells whether the identity moved at all. If only the mtime
 * did, it waits for the write under way to end, which tells an append from a rewrite: a write moves
 * the mtime first. Returns 0, -ESTALE (the generation is marked stale), or a read error.
 */
int generation_check(struct generation *generation, int fd, bool *changed);

/*
 * Whether the generation is not at its end nor in doubt, and nothing has happened to its file since
 * that was as in `then`, an identity of it from before: what was read in between is what is there.
 * Does not wait, but for what statx(2) may wait for.
 */
bool generation_is_still(struct generation *generation, int fd, const struct file_identity *then);

#endif
