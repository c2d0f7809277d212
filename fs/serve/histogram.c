/* SPDX-License-Identifier: MIT */
#include "fs/serve/histogram.h"

#include <stddef.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)

/* A read from the page cache takes tens of µs, one that waits for a lease or a scan minutes. */
const uint64_t histogram_bounds[HISTOGRAM_BOUNDS] = {
    10 * US,  30 * US,  100 * US, 300 * US, 1 * MS, 3 * MS, 10 * MS, 30 * MS,
    100 * MS, 300 * MS, 1 * S,    3 * S,    10 * S, 30 * S, 100 * S, 300 * S,
};

void histogram_add(struct histogram *histogram, uint64_t nanoseconds)
{
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BOUNDS && nanoseconds > histogram_bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&histogram->nanoseconds, nanoseconds, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->buckets[bucket], 1, memory_order_relaxed);
}

void histogram_look(const struct histogram *histogram, struct histogram_sight *sight)
{
    uint64_t count = 0;

    sight->nanoseconds = atomic_load_explicit(&histogram->nanoseconds, memory_order_relaxed);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        sight->up_to[i] = count;
    }
}

uint64_t histogram_count(const struct histogram *histogram)
{
    struct histogram_sight sight;
    histogram_look(histogram, &sight);
    return sight.up_to[HISTOGRAM_BOUNDS];
}
