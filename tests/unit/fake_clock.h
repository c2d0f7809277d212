/* SPDX-License-Identifier: MIT */
/*
 * A clock that stands still until a test moves it. For programs linked with --wrap=clock_gettime.
 */
#ifndef BIGFS_TESTS_FAKE_CLOCK_H
#define BIGFS_TESTS_FAKE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* What all clocks show, in ms. */
static _Atomic int64_t fake_now = 1000000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t ms = atomic_load(&fake_now);
    (void)clock;
    *now = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    return 0;
}

static inline void fake_clock_move(int64_t ms)
{
    atomic_fetch_add(&fake_now, ms);
}

#endif
