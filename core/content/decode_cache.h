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

#include <stdbool.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/decode_state.h"

void decode_cache_init(struct decode_cache *cache, uint64_t limit);

/* Nothing may be in use. */
void decode_cache_destroy(struct decode_cache *cache);

/* What a cache has done and what it holds. */
struct decode_sight {
    struct decode_counts counts;
    unsigned busy;    /* runs that threads have */
    unsigned waiting; /* runs that wait to be read on */
};

struct decode_sight decode_cache_look(struct decode_cache *cache);

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

/* Frees a run that the caller has, and gives its memory back. */
void decode_cache_end_run(struct decode_cache *cache, struct decode_run *run);

#endif
