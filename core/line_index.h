/*
 * The line index of a file: how many line ends each block of it has. So the place of any line is
 * found with one look at one block.
 *
 *     file     |  block 0  |  block 1  |  block 2  | …  256 KiB each, the last one shorter
 *     counts       1790        1811         0         line ends in each block
 *     before     0                                    line ends before each group of 64 blocks
 *
 * An index is made by one thread, or by several that count different blocks; once it is finished
 * its counts never change, and all functions but the first three are thread-safe.
 */
#ifndef BIGFS_CORE_LINE_INDEX_H
#define BIGFS_CORE_LINE_INDEX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINE_BLOCK = 256 * 1024, /* bytes; 4 of index for each are 0.0015% */
    LINE_GROUP = 64,         /* blocks */
    LINES_REMEMBERED = 256,  /* a power of two */
};

/* Where a line begins that was looked for. */
struct found_line {
    uint64_t line; /* from 0; 0: nothing is remembered here */
    uint64_t offset;
};

struct line_index {
    atomic_uint references;
    uint64_t size;     /* bytes of the file that it covers, from 0 */
    bool ends_open;    /* the last of them is no line end: behind the last one there is a line */
    atomic_bool holes; /* some were passed: if the file grows they may have been filled too */
    size_t blocks;     /* size / LINE_BLOCK, rounded up */
    uint32_t *counts;  /* of line ends, one for each block; owned */
    uint64_t *before;  /* line ends before each group, and in all; owned; made by finish */
    pthread_mutex_t lock;
    struct found_line
        found[LINES_REMEMBERED]; /* protected by lock; each in the place of its line */
};

/*
 * Makes an index of `size` bytes (at most OFFSET_MAX) with one reference, for the caller, and with
 * the counts of `old` where that is not NULL (and covers no more); the others are 0. NULL: no
 * memory.
 */
struct line_index *line_index_new(uint64_t size, const struct line_index *old);

/* Adds to the count of the block that holds the byte at `offset`. */
void line_index_add(struct line_index *index, uint64_t offset, uint64_t line_ends);

/* Says that all is counted. */
void line_index_finish(struct line_index *index, bool ends_open);

struct line_index *line_index_ref(struct line_index *index);
void line_index_unref(struct line_index *index); /* NULL is allowed */

/* How many line ends it has. */
uint64_t line_index_ends(const struct line_index *index);

/* How many lines it has; a last one without an end counts. */
uint64_t line_index_lines(const struct line_index *index);

/* How many line ends are before a block (at most index->blocks). */
uint64_t line_index_ends_before(const struct line_index *index, size_t block);

/* The block that the `nth` line end (from 1 to all of them) is in; *nth becomes its number there.
 */
size_t line_index_find(const struct line_index *index, uint64_t *nth);

/* Recalls where a line begins, or remembers it in the place of another. Lines count from 0. */
bool line_index_recall(struct line_index *index, uint64_t line, uint64_t *offset);
void line_index_remember(struct line_index *index, uint64_t line, uint64_t offset);

/* The first block from `block` on that has a line end; index->blocks: none has. */
size_t line_index_next_end(const struct line_index *index, size_t block);

#endif
