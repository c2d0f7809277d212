/* SPDX-License-Identifier: MIT */
/*
 * Counts a byte value in memory, with the widest vector instructions that the processor has.
 *
 * The functions are pure and touch exactly the given bytes.
 */
#ifndef BIGFS_CORE_FORMAT_BYTE_COUNT_H
#define BIGFS_CORE_FORMAT_BYTE_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many of the `length` bytes are `wanted`. */
uint64_t byte_count(const uint8_t *bytes, size_t length, uint8_t wanted);

/*
 * The index of the `nth` byte (from 1) that is `wanted`, or `length` if there are fewer.
 */
size_t byte_find_nth(const uint8_t *bytes, size_t length, uint8_t wanted, uint64_t nth);

/* What byte_count() uses in this processor, in words, such as "AVX2". Constant. */
const char *byte_count_path(void);

/* The ways to count, narrowest first. Tests and measurements compare them. */
enum byte_count_way { BYTE_COUNT_PLAIN, BYTE_COUNT_AVX2, BYTE_COUNT_AVX512, BYTE_COUNT_WAYS };

/* Whether this processor supports the way. */
bool byte_count_can(enum byte_count_way way);

/* byte_count() in one way, which this processor must support. */
uint64_t byte_count_by(enum byte_count_way way, const uint8_t *bytes, size_t length,
                       uint8_t wanted);

#endif
