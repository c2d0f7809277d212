/* SPDX-License-Identifier: MIT */
/*
 * What is known of a file's record ends, so that no byte is scanned twice. It is a note of a
 * generation, one for each record format.
 *
 * It is a sorted array of gaps, stretches without a record end. A gap is closed if the byte at its
 * end ends a record, and open if scanning has got no further:
 *
 *     bytes    a b c d \n e f g h i j k l m n o p q r s \n t u
 *                ^^^^^ ^        ^^^^^^^^^                      a closed gap; an open one
 *                [ gap )        [  gap  ) next step scans here
 *
 * A search from within a gap starts at its end. To scan, a thread claims a step, and a thread that
 * needs the same bytes waits for it. Readers that ask for different pieces of one endless record
 * share a single scan, and if one of them is interrupted another takes over at the next step.
 *
 * At most RECORD_ENDS_MOST gaps are kept. When the array is full, the shortest are removed: a short
 * probe finds them again.
 *
 * After the file has grown, earlier results must be verified when they are used: the writer may
 * have done more than append.
 *
 * All functions are thread-safe. Lock order: record_ends.lock, then the session's lock in libfuse,
 * which is taken to find out if the reader is gone.
 */
#ifndef BIGFS_CORE_RECORD_RECORD_ENDS_H
#define BIGFS_CORE_RECORD_RECORD_ENDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/base/intervals.h"
#include "core/base/list.h"
#include "core/generation/note.h"

enum { RECORD_ENDS_MOST = 32768 };

/* The kinds of gaps. A closed one may be empty. */
enum { GAP_OPEN, GAP_CLOSED };

/*
 * Where the first `count` records of the first `size` bytes end; if `count` is 0, nothing is known.
 */
struct record_prefix {
    uint64_t era; /* of the record ends when the search began */
    uint64_t count;
    uint64_t size;
    uint64_t boundary;
};

struct record_ends {
    pthread_mutex_t lock;
    pthread_cond_t settled;      /* broadcast when a claim ends */
    struct intervals gaps;       /* protected by lock */
    struct list claims;          /* protected by lock */
    uint64_t era;                /* protected by lock; how often all was forgotten */
    bool grown;                  /* protected by lock; never cleared */
    struct record_prefix prefix; /* protected by lock; the last that was requested */
};

/* A step that one thread has claimed to scan. Lives on that thread's stack. */
struct scan_claim {
    struct list link; /* protected by record_ends.lock */
    uint64_t start;
    uint64_t end;
    uint64_t era; /* of the record ends when the step began */
};

enum scan_next {
    SCAN_FOUND, /* *found is the first record end at or after the place */
    SCAN_NONE,  /* there is none before `size` */
    SCAN_STEP,  /* not known: scan the claim, then call record_ends_settle() */
};

/* The note type of struct record_ends. The key is the record format. */
extern const struct note_type record_ends_note;

/* Forgets all and ignores the results of steps under way. Starts a new era. */
void record_ends_forget(struct record_ends *ends);

/* If the era changes between two searches, their results may not match. */
uint64_t record_ends_era(struct record_ends *ends);

/* Whether the file has grown since something may have been recorded. */
bool record_ends_have_grown(struct record_ends *ends);

/*
 * Decides how to find the first record end at or after `place` (at most `size`, the file's).
 * `step`, at least 1, limits the length of a claim. Blocks while other threads scan the bytes in
 * question. Returns an enum scan_next, or -CANCELLED if `cancel` says so.
 */
int record_ends_next(struct record_ends *ends, uint64_t place, uint64_t size, uint64_t step,
                     const struct cancel *cancel, struct scan_claim *claim, uint64_t *found);

/*
 * Ends a claim and records its result: the bytes from its start to `scanned_to` hold no record end,
 * and if `ends_record` is true the byte at scanned_to is one. If scanned_to == claim->start and
 * ends_record is false, there is no result.
 */
void record_ends_settle(struct record_ends *ends, struct scan_claim *claim, uint64_t scanned_to,
                        bool ends_record);

/*
 * Recalls where the first `count` records end in a file of `size` bytes. False if that is not known
 * or no longer valid: the prefix was found in another era, or it ended at the end of a file that
 * has grown since.
 */
bool record_ends_recall_prefix(struct record_ends *ends, uint64_t count, uint64_t size,
                               struct record_prefix *prefix);

/* Remembers a prefix instead of the last one. */
void record_ends_remember_prefix(struct record_ends *ends, const struct record_prefix *prefix);

#endif
