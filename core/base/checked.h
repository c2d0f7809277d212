/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic on offsets and sizes that reports overflow.
 *
 * The checked functions return true and store the result, or return false if it would wrap; then
 * *result means nothing.
 */
#ifndef BIGFS_CORE_BASE_CHECKED_H
#define BIGFS_CORE_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* The largest offset or size a file can have: what an off_t holds. */
#define OFFSET_MAX ((uint64_t)INT64_MAX)

static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *result)
{
    return !__builtin_add_overflow(a, b, result);
}

static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *result)
{
    return !__builtin_mul_overflow(a, b, result);
}

/* a - b, or 0 if b is larger: how much of a lies beyond b. */
static inline uint64_t saturating_sub(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
