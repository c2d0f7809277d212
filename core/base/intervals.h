/*
 * Intervals: a bounded, sorted array of stretches of a file, each of one kind.
 *
 *     start  4096        8192    65536          what the kinds mean is the owner's affair
 *            [ kind 0 )  [ kind 1 )             they never overlap
 *
 * When the array is full the shortest go: what they told is found again soonest.
 *
 * Not thread-safe: the owner's lock protects it.
 */
#ifndef BIGFS_CORE_BASE_INTERVALS_H
#define BIGFS_CORE_BASE_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interval {
    uint64_t start;
    uint64_t end; /* the first byte after it; equal to start in an empty one */
    int kind;
};

struct intervals {
    struct interval *items; /* sorted, disjoint; owned */
    size_t count;
    size_t capacity;
    size_t most; /* constant */
};

/* `most`, at least 2: how many it may hold. */
void intervals_init(struct intervals *intervals, size_t most);
void intervals_destroy(struct intervals *intervals);

/* Forgets all, and gives the memory back. */
void intervals_clear(struct intervals *intervals);

/* The index of the first one that starts after `place`; intervals->count: none does. */
size_t intervals_after(const struct intervals *intervals, uint64_t place);

/* The last one that starts at or before `place`, or NULL. It may end before `place`. */
const struct interval *intervals_before(const struct intervals *intervals, uint64_t place);

/*
 * Adds one, which must overlap none; others may have to go for it. Returns where it is now, until
 * the next change, or NULL: no memory.
 */
struct interval *intervals_insert(struct intervals *intervals, struct interval added);

/* Removes `count` from the index `first` on. */
void intervals_remove(struct intervals *intervals, size_t first, size_t count);

#endif
