/* SPDX-License-Identifier: MIT */
/* The clock for deadlines and ages. */
#ifndef BIGFS_CORE_BASE_CLOCK_H
#define BIGFS_CORE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in milliseconds, accurate to a few of them. Cheap enough for every request. */
static inline int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* CLOCK_MONOTONIC as it will be in `ms` milliseconds, from 0 on: for pthread_cond_clockwait(). */
static inline struct timespec clock_in_ms(int64_t ms)
{
    struct timespec then;
    clock_gettime(CLOCK_MONOTONIC, &then);
    then.tv_sec += ms / 1000;
    then.tv_nsec += ms % 1000 * 1000000;
    if (then.tv_nsec >= 1000000000) {
        then.tv_nsec -= 1000000000;
        then.tv_sec++;
    }
    return then;
}

/* Less than 0, 0 or more than 0: `a` is before, equal to, or after `b`. */
static inline int time_compare(struct timespec a, struct timespec b)
{
    if (a.tv_sec != b.tv_sec)
        return a.tv_sec < b.tv_sec ? -1 : 1;
    return a.tv_nsec < b.tv_nsec ? -1 : a.tv_nsec > b.tv_nsec ? 1 : 0;
}

static inline bool time_equal(struct timespec a, struct timespec b)
{
    return time_compare(a, b) == 0;
}

#endif
