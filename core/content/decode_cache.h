/* SPDX-License-Identifier: MIT */
/*
 * What decoding keeps in memory, within one limit for all files: decoded blocks, and runs, which
 * are streams that wait at a plain offset to be read on.
 *
 *     plain    | block 0 | block 1 | block 2 | block 3 |     DECODED_BLOCK bytes each
 *                 ready               loading  ^
 *                                              run that has come so far
 *
 * A block that is not there is loaded by the thread that asks first. Others that want it wait. What
 * is in use stays; of the rest, what was not used for longest goes first. Memory is reserved before
 * it is allocated. If all of the limit is in use, a thread waits until some is given back.
 *
 * A decoder that needs more than half of the limit is large. There is one of them at a time. If it
 * needs more than all of the limit, it works beside it: so it works, however low the limit is, and
 * takes no room from the blocks that it fills.
 *
 * All functions are thread-safe. Only those with a `cancel` wait.
 */
#ifndef BIGFS_CORE_CONTENT_DECODE_CACHE_H
#define BIGFS_CORE_CONTENT_DECODE_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/base/list.h"
#include "core/codec/codec.h"
#include "core/content/content_map.h"

enum {
    DECODED_BLOCK = 256 * 1024,
    DECODED_BUCKETS = 64,
    DECODED_SPARES = 4, /* freed blocks whose memory is kept for new ones, beside the limit */
};

struct decode_cache;

/* What the cache may free: a ready block or a waiting run, while no thread uses it. */
struct decoded_item {
    struct list idle; /* protected by decode_cache.lock; linked while it may be freed */
    uint64_t memory;  /* constant; reserved for it, in bytes */
    bool large;       /* constant; a run with a large decoder */
    void (*free)(struct decode_cache *cache, struct decoded_item *item);
};

struct decoded_block {
    struct decoded_item item;
    struct list bucket;  /* protected by decode_cache.lock; or in the list of spares */
    uint64_t generation; /* constant */
    uint64_t number;     /* constant */
    size_t length;  /* constant; how many bytes it has: those before the end of a part, or all */
    unsigned users; /* protected by decode_cache.lock */
    bool ready;     /* protected by decode_cache.lock; then the bytes are constant */
    uint8_t bytes[DECODED_BLOCK];
};

struct decode_run {
    struct decoded_item item;
    struct content_map *map; /* constant; a reference */
    struct codec_stream *stream;
    uint64_t plain;   /* how far it has come; of the thread that has it, or constant while idle */
    struct list runs; /* protected by decode_cache.lock; among those that wait or are busy */
    uint64_t start;   /* protected by decode_cache.lock; from where on that thread wants it */
};

struct decode_cache {
    uint64_t limit; /* constant; bytes */
    pthread_mutex_t lock;
    pthread_cond_t changed;               /* a block is ready, or memory was given back */
    uint64_t reserved;                    /* protected by lock; bytes, but for a large decoder */
    uint64_t large;                       /* protected by lock; bytes of that; 0: there is none */
    struct list idle;                     /* protected by lock; least recently used first */
    struct list waiting_runs;             /* protected by lock; those that are idle */
    struct list busy_runs;                /* protected by lock; those that threads have */
    struct list spares;                   /* protected by lock; blocks of nothing */
    unsigned spare_count;                 /* protected by lock */
    struct list buckets[DECODED_BUCKETS]; /* protected by lock; blocks */
};

void decode_cache_init(struct decode_cache *cache, uint64_t limit);

/* Nothing may be in use. */
void decode_cache_destroy(struct decode_cache *cache);

/* Which block: number `number` of a generation, with at least `length` bytes. */
struct block_key {
    uint64_t generation;
    uint64_t number;
    size_t length;
};

/* A ready block, to be given back with decode_cache_put(), or NULL. Does not wait. */
struct decoded_block *decode_cache_get(struct decode_cache *cache, const struct block_key *key);

/* Which run: of the map, and within [from, to]. The caller wants bytes from `to` on. */
struct run_wish {
    const struct content_map *map; /* NULL: none */
    uint64_t from;
    uint64_t to;
    bool waits; /* for a run whose thread wants bytes in [from, to) */
};

/* A block that was claimed. */
struct block_claim {
    struct decoded_block *block;
    bool loads;             /* the caller must load it; else it is ready */
    struct decode_run *run; /* to load it: as decode_cache_take_run() gives it; or NULL */
};

/*
 * Claims a block, ready, or to be loaded by the caller: with the idle run of the wish, or, if there
 * is none, with `extra` bytes reserved for one. Waits while another thread loads the block, and for
 * memory. Returns 0, -CANCELLED or -ENOMEM.
 */
int decode_cache_claim(struct decode_cache *cache, const struct block_key *key,
                       const struct run_wish *wish, uint64_t extra, const struct cancel *cancel,
                       struct block_claim *claim);

/*
 * A block to be loaded that no thread waits for yet, if it is not there and there is room at once;
 * else NULL.
 */
struct decoded_block *decode_cache_claim_more(struct decode_cache *cache,
                                              const struct block_key *key);

/* Ends loading. Not `ready`: the block goes, and a thread that waits for it loads it itself. */
void decode_cache_loaded(struct decode_cache *cache, struct decoded_block *block, bool ready);

/*
 * Waits while the check of a part is `busy`, but not for long. Returns -TRY_AGAIN or -CANCELLED.
 * decode_cache_wake() is called after the check was changed.
 */
int decode_cache_await(struct decode_cache *cache, const _Atomic uint8_t *check, uint8_t busy,
                       const struct cancel *cancel);
void decode_cache_wake(struct decode_cache *cache);

/* Gives a block back. */
void decode_cache_put(struct decode_cache *cache, struct decoded_block *block);

/*
 * Takes the idle run that has come furthest, or NULL; the caller has it alone. It may have blocks
 * and memory while it waits: a thread that has a run waits for nothing but the file. It stops
 * before a block that it has not claimed itself, so most often it leaves its run for the thread
 * that waits. Returns 0 or -CANCELLED.
 */
int decode_cache_take_run(struct decode_cache *cache, const struct run_wish *wish,
                          const struct cancel *cancel, struct decode_run **run);

/* Makes a run of a stream, with memory that is reserved. NULL: there is no memory. */
struct decode_run *decode_run_new(struct decode_cache *cache, struct content_map *map,
                                  struct codec_stream *stream, uint64_t plain, uint64_t memory);

/* Says that the caller has a new run, and from where on it wants that. */
void decode_cache_use_run(struct decode_cache *cache, struct decode_run *run, uint64_t start);

/* Lets a run wait, to be read on. */
void decode_cache_leave_run(struct decode_cache *cache, struct decode_run *run);

/* Frees a run that the caller has. Its memory stays reserved, for the caller. Returns how much. */
uint64_t decode_cache_end_run(struct decode_cache *cache, struct decode_run *run);

/* Reserves memory if that is possible without waiting. */
bool decode_cache_reserve(struct decode_cache *cache, uint64_t bytes);

/* Reserves memory. Waits for it. Returns 0 or -CANCELLED. */
int decode_cache_reserve_waiting(struct decode_cache *cache, uint64_t bytes,
                                 const struct cancel *cancel);

/* Gives reserved memory back. */
void decode_cache_give_back(struct decode_cache *cache, uint64_t bytes);

/* How much is reserved, in bytes. */
uint64_t decode_cache_reserved(struct decode_cache *cache);

#endif
