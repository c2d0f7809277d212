/* SPDX-License-Identifier: MIT */
/*
 * The memory of a decode cache (core/content/decode_cache.h): what is reserved of its limit, and
 * what is freed to make room.
 */
#ifndef BIGFS_CORE_CONTENT_DECODE_MEMORY_H
#define BIGFS_CORE_CONTENT_DECODE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/decode_state.h"

/*
 * Reserves memory of a decoder if that is possible without waiting; in any case if nothing but
 * `own` is reserved, which the caller has. What was reserved at once is given back at once.
 */
bool decode_memory_try(struct decode_cache *cache, uint64_t bytes, uint64_t own);

/* Reserves memory. Waits for it. Returns 0 or -CANCELLED. */
int decode_memory_wait_for(struct decode_cache *cache, uint64_t bytes, const struct cancel *cancel);

/* Gives reserved memory back. */
void decode_memory_give_back(struct decode_cache *cache, uint64_t bytes);

/* How much is reserved, in bytes. */
uint64_t decode_memory_used(struct decode_cache *cache);

/* --- for the cache, with its lock held -------------------------------------------------------- */

/* Whether so much is a large decoder's. */
bool decode_memory_is_large(const struct decode_cache *cache, uint64_t bytes);

/* Gives memory of a decoder back. */
void decode_memory_release(struct decode_cache *cache, uint64_t bytes);

/*
 * Frees what was not used for longest, of all that takes room within the limit, or of large runs
 * alone. Returns false if all of that is in use.
 */
bool decode_memory_free_one(struct decode_cache *cache, bool large_alone);

/* Reserves memory if that is possible at once; in any case if nothing but `own` is reserved. */
bool decode_memory_reserve_within(struct decode_cache *cache, uint64_t bytes, uint64_t own);

/* The same for a decoder, of any size. */
bool decode_memory_reserve(struct decode_cache *cache, uint64_t bytes, uint64_t own);

/* Waits for a change. The lock is released meanwhile. Returns 0 or -CANCELLED. */
int decode_memory_await_change(struct decode_cache *cache, const struct cancel *cancel);

#endif
