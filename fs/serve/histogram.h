/* SPDX-License-Identifier: MIT */
/*
 * How long things took: a histogram of durations, each counted in one bucket.
 *
 *     0     10 µs    30 µs    100 µs        100 s    300 s
 *     |   0   |   1    |    2    |   …   |   15   |   16
 *
 * A bucket has its upper bound, as in Prometheus. The last one has none. How many durations there
 * are is the sum of the buckets and not counted besides, so the two always agree.
 *
 * All functions are thread-safe. None blocks.
 */
#ifndef BIGFS_FS_SERVE_HISTOGRAM_H
#define BIGFS_FS_SERVE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 16, HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS + 1 };

/* Begins as zeros. */
struct histogram {
    _Atomic uint64_t nanoseconds; /* of all durations together */
    _Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* A histogram as it was at one moment. */
struct histogram_sight {
    uint64_t nanoseconds;
    uint64_t up_to[HISTOGRAM_BUCKETS]; /* how many took at most the bound; the last: all */
};

/* The upper bounds in nanoseconds, the smallest first. */
extern const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

void histogram_add(struct histogram *histogram, uint64_t nanoseconds);

/* What has been added so far. */
void histogram_look(const struct histogram *histogram, struct histogram_sight *sight);

/* How many durations have been added. */
uint64_t histogram_count(const struct histogram *histogram);

#endif
