/* SPDX-License-Identifier: MIT */
/* How many processors this process may use (sched_setaffinity(2)); at least 1. */
#ifndef BIGFS_CORE_BASE_PROCESSORS_H
#define BIGFS_CORE_BASE_PROCESSORS_H

#include <sched.h>

static inline unsigned processors_allowed(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

#endif
