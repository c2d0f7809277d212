/* SPDX-License-Identifier: MIT */
#include "core/content/decode_memory.h"

#include <time.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"

enum { WAIT_MS = 50 }; /* how soon a waiting thread notices that it was cancelled */

bool decode_memory_is_large(const struct decode_cache *cache, uint64_t bytes)
{
    return bytes > cache->limit / 2;
}

void decode_memory_release(struct decode_cache *cache, uint64_t bytes)
{
    if (decode_memory_is_large(cache, bytes))
        cache->large = 0;
    else
        cache->reserved -= bytes;
}

bool decode_memory_free_one(struct decode_cache *cache, bool large_alone)
{
    for (struct list *link = cache->idle.next; link != &cache->idle; link = link->next) {
        struct decoded_item *item = list_object(link, struct decoded_item, idle);
        if (large_alone ? !item->large : item->memory > cache->limit && item->large)
            continue;
        list_remove(&item->idle);
        cache->counts.evictions++;
        if (item->large)
            cache->large = 0;
        else
            cache->reserved -= item->memory;
        item->free(cache, item);
        return true;
    }
    return false;
}

/* Whether there is room for so much more within the limit. */
static bool has_room_for(const struct decode_cache *cache, uint64_t bytes)
{
    const uint64_t large = cache->large <= cache->limit ? cache->large : 0;
    const uint64_t room = saturating_sub(cache->limit, cache->reserved);
    return large <= room && bytes <= room - large;
}

bool decode_memory_reserve_within(struct decode_cache *cache, uint64_t bytes, uint64_t own)
{
    while (!has_room_for(cache, bytes) && decode_memory_free_one(cache, false))
        continue;
    if (!has_room_for(cache, bytes) && cache->reserved > own)
        return false;
    cache->reserved += bytes;
    return true;
}

bool decode_memory_reserve(struct decode_cache *cache, uint64_t bytes, uint64_t own)
{
    if (!decode_memory_is_large(cache, bytes))
        return decode_memory_reserve_within(cache, bytes, own);
    if (cache->large > 0 && !decode_memory_free_one(cache, true))
        return false;
    while (bytes <= cache->limit && cache->reserved > own && !has_room_for(cache, bytes))
        if (!decode_memory_free_one(cache, false))
            return false;
    cache->large = bytes;
    return true;
}

int decode_memory_await_change(struct decode_cache *cache, const struct cancel *cancel)
{
    const struct timespec until = clock_in_ms(WAIT_MS);
    (void)pthread_cond_clockwait(&cache->changed, &cache->lock, CLOCK_MONOTONIC, &until);
    return cancel_asked(cancel) ? -CANCELLED : 0;
}

/* --- for the rest of decoding ----------------------------------------------------------------- */

void decode_memory_give_back(struct decode_cache *cache, uint64_t bytes)
{
    HOLD_LOCK(&cache->lock);
    decode_memory_release(cache, bytes);
    pthread_cond_broadcast(&cache->changed);
}

bool decode_memory_try(struct decode_cache *cache, uint64_t bytes, uint64_t own)
{
    HOLD_LOCK(&cache->lock);
    return decode_memory_reserve(cache, bytes, own);
}

int decode_memory_wait_for(struct decode_cache *cache, uint64_t bytes, const struct cancel *cancel)
{
    int error = 0;

    HOLD_LOCK(&cache->lock);
    while (error == 0 && !decode_memory_reserve(cache, bytes, 0))
        error = decode_memory_await_change(cache, cancel);
    return error;
}

uint64_t decode_memory_used(struct decode_cache *cache)
{
    HOLD_LOCK(&cache->lock);
    return cache->reserved + cache->large;
}
