/* SPDX-License-Identifier: MIT */
/* What a decode cache is made of (core/content/decode_cache.h). */
#ifndef BIGFS_CORE_CONTENT_DECODE_STATE_H
#define BIGFS_CORE_CONTENT_DECODE_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* What became of what was asked for, since the start. */
struct decode_counts {
    uint64_t hits;      /* blocks that were decoded already, perhaps by another thread just then */
    uint64_t misses;    /* blocks that had to be decoded */
    uint64_t evictions; /* blocks and runs that were freed to make room */
    uint64_t continued; /* runs that were read on */
    uint64_t begun;     /* runs that started at a place */
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
    struct decode_counts counts;          /* protected by lock */
};

#endif
