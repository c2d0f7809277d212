/* SPDX-License-Identifier: MIT */
/*
 * Intervals: a bounded, sorted array of stretches of a file, each of one kind.
 *
 *     start  4096        8192    65536          the owner defines what the kinds mean
 *            [ kind 0 )  [ kind 1 )             they never overlap
 *
 * When the array is full, the shortest are removed: they are the quickest to find again.
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

/* Removes all and frees the memory. */
void intervals_clear(struct intervals *intervals);

/* The index of the first interval that starts after `place`, or intervals->count if none does. */
size_t intervals_after(const struct intervals *intervals, uint64_t place);

/* The last interval that starts at or before `place`, or NULL. It may end before `place`. */
const struct interval *intervals_before(const struct intervals *intervals, uint64_t place);

/*
 * Adds an interval, which must not overlap any; others may be removed to make room. Returns it,
 * valid until the next change, or NULL if there is no memory.
 */
struct interval *intervals_insert(struct intervals *intervals, struct interval added);

/* Removes `count` intervals, from the index `first` on. */
void intervals_remove(struct intervals *intervals, size_t first, size_t count);

#endif
