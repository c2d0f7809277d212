/* SPDX-License-Identifier: MIT */
#include "core/content/decode_cache.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/decode_memory.h"

void decode_cache_init(struct decode_cache *cache, uint64_t limit)
{
    *cache = (struct decode_cache){.limit = limit};
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->changed, NULL);
    list_reset(&cache->idle);
    list_reset(&cache->waiting_runs);
    list_reset(&cache->busy_runs);
    list_reset(&cache->spares);
    for (size_t i = 0; i < DECODED_BUCKETS; i++)
        list_reset(&cache->buckets[i]);
}

int decode_cache_await(struct decode_cache *cache, const _Atomic uint8_t *check, uint8_t busy,
                       const struct cancel *cancel)
{
    int error = 0;

    HOLD_LOCK(&cache->lock);
    if (atomic_load(check) == busy)
        error = decode_memory_await_change(cache, cancel);
    return error != 0 ? error : -TRY_AGAIN;
}

void decode_cache_wake(struct decode_cache *cache)
{
    HOLD_LOCK(&cache->lock);
    pthread_cond_broadcast(&cache->changed);
}

/* Takes a block of nothing, or NULL. The lock is held. */
static struct decoded_block *take_spare(struct decode_cache *cache)
{
    if (list_empty(&cache->spares))
        return NULL;
    struct decoded_block *block = list_object(cache->spares.next, struct decoded_block, bucket);
    list_remove(&block->bucket);
    cache->spare_count--;
    return block;
}

void decode_cache_destroy(struct decode_cache *cache)
{
    struct decoded_block *spare = NULL;

    while (decode_memory_free_one(cache, false) || decode_memory_free_one(cache, true))
        continue;
    while ((spare = take_spare(cache)) != NULL)
        free(spare);
    assert(cache->reserved == 0 && cache->large == 0);
    pthread_cond_destroy(&cache->changed);
    pthread_mutex_destroy(&cache->lock);
}

static unsigned count_links(const struct list *head)
{
    unsigned count = 0;
    for (const struct list *link = head->next; link != head; link = link->next)
        count++;
    return count;
}

struct decode_sight decode_cache_look(struct decode_cache *cache)
{
    HOLD_LOCK(&cache->lock);
    return (struct decode_sight){cache->counts, count_links(&cache->busy_runs),
                                 count_links(&cache->waiting_runs)};
}

/* --- blocks ----------------------------------------------------------------------------------- */

/*
 * Keeps the memory of a few: a full cache frees one for each new one, and fresh pages would take a
 * fifth of the time of decoding.
 */
static void free_block(struct decode_cache *cache, struct decoded_item *item)
{
    struct decoded_block *block = list_object(item, struct decoded_block, item);
    list_remove(&block->bucket);
    if (cache->spare_count == DECODED_SPARES) {
        free(block);
        return;
    }
    list_append(&cache->spares, &block->bucket);
    cache->spare_count++;
}

/* The block, ready or (not `only_ready`) loading, or NULL. The lock is held. */
static struct decoded_block *find_block(struct decode_cache *cache, const struct block_key *key,
                                        bool only_ready)
{
    const struct list *bucket = &cache->buckets[key->number % DECODED_BUCKETS];
    for (struct list *link = bucket->next; link != bucket; link = link->next) {
        struct decoded_block *block = list_object(link, struct decoded_block, bucket);
        if (block->generation == key->generation && block->number == key->number &&
            block->length >= key->length && (block->ready || !only_ready))
            return block;
    }
    return NULL;
}

/* Takes a ready block into use. The lock is held. */
static void use_block(struct decoded_block *block)
{
    block->users++;
    list_remove(&block->item.idle);
}

/* Makes a block to be loaded, of memory that is reserved. The lock is held. */
static struct decoded_block *add_block(struct decode_cache *cache, const struct block_key *key)
{
    struct decoded_block *block = take_spare(cache);
    if (block == NULL)
        block = malloc(sizeof(*block));
    if (block == NULL)
        return NULL;
    block->item = (struct decoded_item){.memory = sizeof(*block), .free = free_block};
    list_reset(&block->item.idle);
    list_reset(&block->bucket);
    list_append(&cache->buckets[key->number % DECODED_BUCKETS], &block->bucket);
    block->generation = key->generation;
    block->number = key->number;
    block->length = key->length;
    block->users = 1;
    block->ready = false;
    cache->counts.misses++;
    return block;
}

struct decoded_block *decode_cache_get(struct decode_cache *cache, const struct block_key *key)
{
    HOLD_LOCK(&cache->lock);
    struct decoded_block *block = find_block(cache, key, true);
    if (block == NULL)
        return NULL;
    cache->counts.hits++;
    use_block(block);
    return block;
}

struct decoded_block *decode_cache_claim_more(struct decode_cache *cache,
                                              const struct block_key *key)
{
    HOLD_LOCK(&cache->lock);
    if (find_block(cache, key, false) != NULL ||
        !decode_memory_reserve_within(cache, sizeof(struct decoded_block), 0))
        return NULL;
    struct decoded_block *block = add_block(cache, key);
    if (block == NULL)
        cache->reserved -= sizeof(*block);
    return block;
}

void decode_cache_loaded(struct decode_cache *cache, struct decoded_block *block, bool ready)
{
    HOLD_LOCK(&cache->lock);
    block->ready = ready;
    if (!ready) {
        cache->reserved -= block->item.memory;
        free_block(cache, &block->item);
    }
    pthread_cond_broadcast(&cache->changed);
}

void decode_cache_put(struct decode_cache *cache, struct decoded_block *block)
{
    HOLD_LOCK(&cache->lock);
    if (--block->users > 0)
        return;
    list_append(&cache->idle, &block->item.idle);
    pthread_cond_broadcast(&cache->changed); /* it may be freed for a thread that waits */
}

/* --- runs ------------------------------------------------------------------------------------- */

static void free_run(struct decode_cache *cache, struct decoded_item *item)
{
    struct decode_run *run = list_object(item, struct decode_run, item);
    (void)cache;
    list_remove(&run->runs);
    run->map->codec->stream_close(run->stream);
    content_map_unref(run->map);
    free(run);
}

struct decode_run *decode_run_new(struct decode_cache *cache, struct content_map *map,
                                  struct codec_stream *stream, uint64_t plain, uint64_t memory)
{
    struct decode_run *run = malloc(sizeof(*run));
    if (run == NULL)
        return NULL;
    *run = (struct decode_run){
        .item = {.memory = memory,
                 .large = decode_memory_is_large(cache, memory),
                 .free = free_run},
        .map = content_map_ref(map),
        .stream = stream,
        .plain = plain,
    };
    list_reset(&run->item.idle);
    list_reset(&run->runs);
    return run;
}

/* The idle run that has come furthest, or NULL. The lock is held. */
static struct decode_run *find_idle_run(struct decode_cache *cache, const struct run_wish *wish)
{
    struct decode_run *best = NULL;

    const struct list *runs = &cache->waiting_runs;
    for (struct list *link = runs->next; link != runs; link = link->next) {
        struct decode_run *run = list_object(link, struct decode_run, runs);
        if (run->map == wish->map && run->plain >= wish->from && run->plain <= wish->to &&
            (best == NULL || run->plain > best->plain))
            best = run;
    }
    return best;
}

/* Whether a thread has a run that is nearer than a new one. The lock is held. */
static bool is_run_coming(struct decode_cache *cache, const struct run_wish *wish)
{
    const struct list *runs = &cache->busy_runs;
    for (struct list *link = runs->next; link != runs; link = link->next) {
        const struct decode_run *run = list_object(link, struct decode_run, runs);
        if (run->map == wish->map && run->start >= wish->from && run->start < wish->to)
            return true;
    }
    return false;
}

/* Notes that a thread has a run. The lock is held. */
static void use_run(struct decode_cache *cache, struct decode_run *run, uint64_t start)
{
    list_remove(&run->item.idle);
    list_remove(&run->runs);
    list_append(&cache->busy_runs, &run->runs);
    run->start = start;
}

/* Lets a run wait. The lock is held. */
static void leave_run(struct decode_cache *cache, struct decode_run *run)
{
    list_remove(&run->runs);
    list_append(&cache->waiting_runs, &run->runs);
    list_append(&cache->idle, &run->item.idle);
    pthread_cond_broadcast(&cache->changed);
}

/* Takes the wished run and room for a block, or neither. The lock is held. */
static struct decode_run *take_run_and_room(struct decode_cache *cache, const struct run_wish *wish,
                                            struct decode_run *run)
{
    list_remove(&run->item.idle); /* it must not be freed to make the room */
    if (decode_memory_reserve_within(cache, sizeof(struct decoded_block),
                                     run->item.large ? 0 : run->item.memory)) {
        use_run(cache, run, wish->to);
        return run;
    }
    list_append(&cache->idle, &run->item.idle);
    return NULL;
}

/* Reserves memory for a decoder and a block, or nothing. The lock is held. */
static bool reserve_both(struct decode_cache *cache, uint64_t extra)
{
    if (!decode_memory_reserve(cache, extra, 0))
        return false;
    if (decode_memory_reserve_within(cache, sizeof(struct decoded_block),
                                     decode_memory_is_large(cache, extra) ? 0 : extra))
        return true;
    decode_memory_release(cache, extra);
    return false;
}

/* Claims a block that is not there, if that is possible at once. The lock is held. */
static bool claim_to_load(struct decode_cache *cache, const struct run_wish *wish, uint64_t extra,
                          struct block_claim *claim)
{
    struct decode_run *run = wish->map != NULL ? find_idle_run(cache, wish) : NULL;

    if (run == NULL)
        return reserve_both(cache, extra);
    claim->run = take_run_and_room(cache, wish, run);
    cache->counts.continued += claim->run != NULL ? 1 : 0;
    return claim->run != NULL;
}

/* Makes the claimed block. The lock is held. */
static int make_claimed(struct decode_cache *cache, const struct block_key *key, uint64_t extra,
                        struct block_claim *claim)
{
    claim->block = add_block(cache, key);
    if (claim->block != NULL)
        return 0;
    cache->reserved -= sizeof(struct decoded_block);
    if (claim->run == NULL)
        decode_memory_release(cache, extra);
    else
        leave_run(cache, claim->run);
    return -ENOMEM;
}

int decode_cache_claim(struct decode_cache *cache, const struct block_key *key,
                       const struct run_wish *wish, uint64_t extra, const struct cancel *cancel,
                       struct block_claim *claim)
{
    int error = 0;

    *claim = (struct block_claim){.block = NULL};
    HOLD_LOCK(&cache->lock);
    for (;;) {
        claim->block = find_block(cache, key, false);
        claim->loads = claim->block == NULL && claim_to_load(cache, wish, extra, claim);
        if (claim->loads)
            return make_claimed(cache, key, extra, claim);
        if (claim->block != NULL && claim->block->ready)
            break;
        error = decode_memory_await_change(cache, cancel);
        if (error != 0)
            return error;
    }
    cache->counts.hits++;
    use_block(claim->block);
    return 0;
}

int decode_cache_take_run(struct decode_cache *cache, const struct run_wish *wish,
                          const struct cancel *cancel, struct decode_run **run)
{
    int error = 0;

    HOLD_LOCK(&cache->lock);
    *run = find_idle_run(cache, wish);
    while (error == 0 && *run == NULL && wish->waits && is_run_coming(cache, wish)) {
        error = decode_memory_await_change(cache, cancel);
        *run = find_idle_run(cache, wish);
    }
    if (error != 0 || *run == NULL)
        return error;
    cache->counts.continued++;
    use_run(cache, *run, wish->to);
    return 0;
}

void decode_cache_use_run(struct decode_cache *cache, struct decode_run *run, uint64_t start)
{
    HOLD_LOCK(&cache->lock);
    cache->counts.begun++;
    use_run(cache, run, start);
}

void decode_cache_end_run(struct decode_cache *cache, struct decode_run *run)
{
    HOLD_LOCK(&cache->lock);
    decode_memory_release(cache, run->item.memory);
    free_run(cache, &run->item);
    pthread_cond_broadcast(&cache->changed); /* a thread that waits for it has to start one */
}

void decode_cache_leave_run(struct decode_cache *cache, struct decode_run *run)
{
    HOLD_LOCK(&cache->lock);
    leave_run(cache, run);
}
