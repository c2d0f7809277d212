/* SPDX-License-Identifier: MIT */
/*
 * The index of a file: how many record ends each of its blocks has. So any record can be found by
 * reading one block.
 *
 *     file       |  block 0  |  block 1  |  block 2  | …    256 KiB each, the last one shorter
 *     counts         1790        1811         0             record ends in each block
 *     groups     | 0: before 0 | 1: before 115,000 | 70,001: before 229,310 | …
 *                                                           64 blocks each, and the record ends
 *                                                           before each of them
 *
 * Only groups with record ends are kept, and only their counts that are not 0. So a hole takes no
 * memory, however long it is, and dense lines take 0.0017% of the file.
 *
 * If the format has several states, how many record ends a block has depends on all blocks before
 * it. So its counts are added for each state that it may begin in, and those that hold are chosen
 * once all before are. The index keeps the state at the start of each block that has record ends.
 *
 * An index is made by one thread, or by several that count different groups. After it is finished,
 * its counts never change. All functions except record_index_new() and record_index_finish() are
 * thread-safe. Those that find something need a finished index.
 */
#ifndef BIGFS_CORE_INDEX_RECORD_INDEX_H
#define BIGFS_CORE_INDEX_RECORD_INDEX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/format/record_format.h"

enum {
    INDEX_BLOCK = 256 * 1024,               /* bytes */
    INDEX_GROUP = 64,                       /* blocks */
    INDEX_STEP = INDEX_GROUP * INDEX_BLOCK, /* bytes: the most that is counted at once */
    INDEX_STATE_SHIFT = 30,                 /* RECORD_STATES is 4: two bits */
    RECORDS_REMEMBERED = 256,               /* a power of two */
};

/* Where a record begins that was looked up. */
struct found_record {
    uint64_t record; /* from 0; 0: nothing is remembered here */
    uint64_t offset;
};

/* A group of blocks that has record ends. */
struct index_group {
    uint64_t number; /* its first block is number * INDEX_GROUP */
    uint64_t before; /* record ends before it; made by record_index_finish() */
    uint64_t blocks; /* a bit for each block that has record ends */
    uint64_t first;  /* index in `counts` of the first of these; the others follow */
};

/* The counts of all blocks of one group, also those that are 0. */
struct group_counts {
    uint32_t of[INDEX_GROUP];
    uint8_t states[INDEX_GROUP]; /* at the start of each block; of those with record ends */
};

/*
 * A count and the state at the start of its block in one word:
 *
 *     | state | 0 …     | record ends, at most INDEX_BLOCK |
 *     31     30                                            0
 */
static inline uint32_t index_count_word(uint32_t ends, uint8_t state)
{
    return ends | (uint32_t)state << INDEX_STATE_SHIFT;
}

static inline uint32_t index_word_ends(uint32_t word)
{
    return word & ((UINT32_C(1) << INDEX_STATE_SHIFT) - 1);
}

static inline uint8_t index_word_state(uint32_t word)
{
    return (uint8_t)(word >> INDEX_STATE_SHIFT);
}

/* A stretch that was counted, for each state that it may begin in. */
struct index_step {
    struct index_step *next; /* in record_index.waiting */
    uint64_t start;          /* bytes of content */
    uint64_t end;
    bool zeros;                    /* it is a hole of any length; else it lies within one group */
    struct record_effect blocks[]; /* from the one with `start` on; none of a hole */
};

struct record_index {
    atomic_uint references;
    const struct record_format *format; /* constant */
    uint64_t size;                      /* constant; bytes of content that it covers, from 0 */
    uint64_t blocks;                    /* constant; size / INDEX_BLOCK, rounded up */
    bool ends_open;    /* the last byte ends no record: there is one after the last end */
    atomic_bool holes; /* some were skipped; if the file grows, they may have been filled too */

    pthread_mutex_t lock;       /* protects, until the index is finished, all up to `ends` */
    struct index_group *groups; /* by number, ascending; owned */
    size_t group_count;
    size_t group_room;
    uint32_t *counts; /* index_count_word() of each block that has record ends; owned */
    size_t count_count;
    size_t count_room;
    uint64_t ends; /* in all; made by record_index_finish() */

    /* Of formats with several states; protected by lock until the index is finished. */
    uint64_t chosen;            /* bytes from 0 of which the counts are chosen */
    uint8_t state;              /* after them */
    uint8_t block_state;        /* at the start of the block that has the last of them */
    struct index_step *waiting; /* steps after a gap, by their starts; owned */
    struct found_record
        found[RECORDS_REMEMBERED]; /* protected by lock; each in the place of its record */
};

/*
 * Makes an index of `size` bytes (at most OFFSET_MAX) of records of this format, with one
 * reference, which the caller owns. It takes over the counts of the blocks of `old` (may be NULL)
 * that begin before `size`. If the format has several states, `size` is at least what was chosen of
 * `old`. Returns NULL if there is no memory.
 */
struct record_index *record_index_new(const struct record_format *format, uint64_t size,
                                      const struct record_index *old);

/*
 * Adds the counts of the blocks of group `number`. Returns 0, or -ENOMEM and adds nothing. The lock
 * is held, or no other thread has the index.
 */
int record_index_add_group(struct record_index *index, uint64_t number,
                           const struct group_counts *counts);

/* Marks the index as completely counted. May be called more than once. */
void record_index_finish(struct record_index *index, bool ends_open);

/*
 * Makes a finished index of the first part of one that threads still count into: of `size` bytes,
 * which must all be counted; if the format has several states, of what was chosen. The caller owns
 * the reference. NULL: that is nothing, or all, which is no part, or there is no memory.
 */
struct record_index *record_index_part(struct record_index *index, uint64_t size);

struct record_index *record_index_ref(struct record_index *index);
void record_index_unref(struct record_index *index); /* NULL is allowed */

/* The number of record ends. */
uint64_t record_index_ends(const struct record_index *index);

/* The number of records; a last one without an end counts. */
uint64_t record_index_records(const struct record_index *index);

/* How many record ends are before a block (at most index->blocks). */
uint64_t record_index_ends_before(const struct record_index *index, uint64_t block);

/*
 * The block with record end *nth (1 to record_index_ends()). Sets *nth to the number of the record
 * end in that block.
 */
uint64_t record_index_find(const struct record_index *index, uint64_t *nth);

/* Recall, or remember in place of another, where a record begins. Records count from 0. */
bool record_index_recall(struct record_index *index, uint64_t record, uint64_t *offset);
void record_index_remember(struct record_index *index, uint64_t record, uint64_t offset);

/* The state at the start of a block that has record ends. */
uint8_t record_index_state_at(const struct record_index *index, uint64_t block);

/* The first block from `block` on that has a record end, or index->blocks if none has. */
uint64_t record_index_next_end(const struct record_index *index, uint64_t block);

/* Whether two finished indexes cover equally many bytes and have the same counts. */
bool record_index_equal(const struct record_index *a, const struct record_index *b);

#endif
