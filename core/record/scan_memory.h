/*
 * What is known of a file's record ends, so that no byte is scanned twice.
 *
 * Knowledge is a sorted array of gaps, stretches without a record end in them. A gap is closed
 * where the byte at its end ends a record, and open where scanning has come no further:
 *
 *     bytes    a b c d \n e f g h i j k l m n o p q r s \n t u
 *                ^^^^^ ^        ^^^^^^^^^                      a closed gap; an open one
 *                [ gap )        [  gap  ) next step scans here
 *
 * A search from within a gap starts at its end. To scan, a thread claims a step, and a thread that
 * needs the same bytes waits for it: readers that ask for different pieces of one endless record
 * share a single scan, and when one of them is interrupted another takes over at the next step.
 *
 * The memory holds at most SCAN_MEMORY_MOST gaps. When it is full the shortest go: they cost a
 * short probe to find again.
 *
 * All functions are thread-safe.
 */
#ifndef BIGFS_CORE_RECORD_SCAN_MEMORY_H
#define BIGFS_CORE_RECORD_SCAN_MEMORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/base/intervals.h"
#include "core/base/list.h"

enum { SCAN_MEMORY_MOST = 32768 };

/* The kinds of gaps. A closed one may be empty. */
enum { GAP_OPEN, GAP_CLOSED };

struct scan_memory {
    pthread_mutex_t lock;
    pthread_cond_t settled; /* broadcast when a claim ends */
    struct intervals gaps;  /* protected by lock */
    struct list claims;     /* protected by lock */
    uint64_t era;           /* protected by lock; counts how often all was forgotten */
};

/* A step that one thread has undertaken to scan. Lives on that thread's stack. */
struct scan_claim {
    struct list link; /* protected by scan_memory.lock */
    uint64_t start;
    uint64_t end;
    uint64_t era; /* the memory's when the step began */
};

enum scan_next {
    SCAN_FOUND, /* *found is the first record end at or after the place */
    SCAN_NONE,  /* there is none before `size` */
    SCAN_STEP,  /* not known: scan the claim, then call scan_memory_settle() */
};

void scan_memory_init(struct scan_memory *memory);
void scan_memory_destroy(struct scan_memory *memory);

/* Forgets all, and will not learn what steps bring that are under way. */
void scan_memory_forget(struct scan_memory *memory);

/*
 * What to do to find the first record end at or after `place` (at most `size`, the file's).
 * `step`, at least 1, bounds the length of a claim. Blocks while others scan the bytes in question.
 * Returns an enum scan_next, or -CANCELLED once `cancel` says so.
 */
int scan_memory_next(struct scan_memory *memory, uint64_t place, uint64_t size, uint64_t step,
                     const struct cancel *cancel, struct scan_claim *claim, uint64_t *found);

/*
 * Ends a claim and learns what it brought: the bytes from its start to `scanned_to` hold no record
 * end, and where `ends_record` is true the byte at scanned_to is one. scanned_to == claim->start
 * and false means that nothing was learnt.
 */
void scan_memory_settle(struct scan_memory *memory, struct scan_claim *claim, uint64_t scanned_to,
                        bool ends_record);

#endif
