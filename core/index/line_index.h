/*
 * The line index of a file: how many line ends each block of it has. So any line is found with one
 * look at one block.
 *
 *     file       |  block 0  |  block 1  |  block 2  | …    256 KiB each, the last one shorter
 *     counts         1790        1811         0             line ends in each block
 *     groups     | 0: before 0 | 1: before 115,000 | 70,001: before 229,310 | …
 *                                                           64 blocks each, and the line ends
 *                                                           before each of them
 *
 * Only groups with line ends are kept, and of these only the counts that are not 0. So a hole takes
 * no memory, however long it is, and dense lines take 0.0017% of the file.
 *
 * An index is made by one thread, or by several that count different groups. Once it is finished
 * its counts never change. All functions but line_index_new() and line_index_finish() are
 * thread-safe; those that find something need a finished index.
 */
#ifndef BIGFS_CORE_INDEX_LINE_INDEX_H
#define BIGFS_CORE_INDEX_LINE_INDEX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINE_BLOCK = 256 * 1024, /* bytes */
    LINE_GROUP = 64,         /* blocks */
    LINES_REMEMBERED = 256,  /* a power of two */
};

/* Where a line begins that was looked for. */
struct found_line {
    uint64_t line; /* from 0; 0: nothing is remembered here */
    uint64_t offset;
};

/* A group of blocks that has line ends. */
struct line_group {
    uint64_t number; /* its first block is number * LINE_GROUP */
    uint64_t before; /* line ends before it; made by line_index_finish() */
    uint64_t blocks; /* a bit for each block that has line ends */
    uint64_t first;  /* where in `counts` the count of the first of these is; the others follow */
};

struct line_index {
    atomic_uint references;
    uint64_t size;     /* constant; bytes of the file that it covers, from 0 */
    uint64_t blocks;   /* constant; size / LINE_BLOCK, rounded up */
    bool ends_open;    /* the last byte is no line end: there is a line after the last one */
    atomic_bool holes; /* some were passed: if the file grows they may have been filled too */

    pthread_mutex_t lock;      /* protects, until the index is finished, all up to `ends` */
    struct line_group *groups; /* by number, ascending; owned */
    size_t group_count;
    size_t group_room;
    uint32_t *counts; /* line ends, one count for each block that has any; owned */
    size_t count_count;
    size_t count_room;
    uint64_t ends; /* in all; made by line_index_finish() */
    struct found_line
        found[LINES_REMEMBERED]; /* protected by lock; each in the place of its line */
};

/*
 * Makes an index of `size` bytes (at most OFFSET_MAX) with one reference, for the caller. It has
 * the counts of the blocks of `old` that begin before `size` (NULL: none). NULL: no memory.
 */
struct line_index *line_index_new(uint64_t size, const struct line_index *old);

/* Adds to the count of the block that holds the byte at `offset`. Returns 0 or -ENOMEM. */
int line_index_add(struct line_index *index, uint64_t offset, uint64_t line_ends);

/*
 * Adds the counts of the `blocks` blocks (at most LINE_GROUP) from `first` on, all of one group.
 * Returns 0 or -ENOMEM; then nothing was added.
 */
int line_index_add_blocks(struct line_index *index, uint64_t first, const uint32_t *counts,
                          size_t blocks);

/* Says that all is counted. May be called more often than once. */
void line_index_finish(struct line_index *index, bool ends_open);

struct line_index *line_index_ref(struct line_index *index);
void line_index_unref(struct line_index *index); /* NULL is allowed */

/* How many line ends it has. */
uint64_t line_index_ends(const struct line_index *index);

/* How many lines it has; a last one without an end counts. */
uint64_t line_index_lines(const struct line_index *index);

/* How many line ends are before a block (at most index->blocks). */
uint64_t line_index_ends_before(const struct line_index *index, uint64_t block);

/* The block that has the `nth` line end (from 1 to all of them); *nth becomes its number there. */
uint64_t line_index_find(const struct line_index *index, uint64_t *nth);

/* Recalls where a line begins, or remembers it in the place of another. Lines count from 0. */
bool line_index_recall(struct line_index *index, uint64_t line, uint64_t *offset);
void line_index_remember(struct line_index *index, uint64_t line, uint64_t offset);

/* The first block from `block` on that has a line end; index->blocks: none has. */
uint64_t line_index_next_end(const struct line_index *index, uint64_t block);

/* Whether two finished indexes cover as much and have the same counts. */
bool line_index_equal(const struct line_index *a, const struct line_index *b);

/* Bytes of memory that it takes. */
uint64_t line_index_memory(struct line_index *index);

#endif
