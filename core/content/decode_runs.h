/* SPDX-License-Identifier: MIT */
/*
 * Decodes bytes of one part of a compressed file, by runs: streams that go on from where they have
 * come to. What they pass on the way is kept in blocks, if there is room.
 *
 * One thread at a time may use a decoding. The functions block as reads of the file do.
 */
#ifndef BIGFS_CORE_CONTENT_DECODE_RUNS_H
#define BIGFS_CORE_CONTENT_DECODE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/content_map.h"
#include "core/content/decode_cache.h"
#include "core/content/reading.h"

/* Decoding for one request: plain bytes [start, end) go to `to`. */
struct decoding {
    const struct reading *reading;
    struct codec_file file;
    struct decode_cache *cache;
    struct content_map *map;
    bool by_units;             /* the map is a detail: each part is a unit */
    struct content_map *whole; /* then: what it is a detail of */
    uint64_t start;
    uint64_t end;
    uint64_t goal; /* the end of the last block that the reader asks for */
    uint8_t *to;
    uint8_t *scratch;       /* owned; a block, or NULL until it is needed */
    struct decode_run *run; /* that the request has, for the first part that it decodes; or NULL */
    uint64_t needed;        /* memory that a run and the scratch take, at most */
    uint64_t own;           /* memory of the block that the request loads; 0: there is none */
    uint64_t extra;         /* memory that is reserved and belongs to no run yet */
};

/* Room for a block of bytes that are passed; belongs to the decoding. NULL: there is no memory. */
uint8_t *decode_scratch(struct decoding *decoding);

/* The first `length` bytes of the block that begins at `plain`. */
struct block_key decode_block_key(const struct decoding *decoding, uint64_t plain, uint64_t length);

/*
 * Starts a run at a part, with the reserved memory. `start`: from where on its bytes are wanted.
 * Returns 0; -TRY_AGAIN if another run has that memory, and there is no more: all must be given
 * back first, as waiting here might be for ever; or as stream_open().
 */
int decode_start_run(struct decoding *decoding, size_t part, uint64_t start,
                     struct decode_run **run);

/* Reads the next bytes of a run. Returns as stream_read(), or -CANCELLED. */
int decode_read_run(struct decoding *decoding, struct decode_run *run, uint8_t *bytes,
                    size_t length);

/* Lets a run wait; or (not `keep`) frees it and gives its memory back. */
void decode_leave_run(struct decoding *decoding, struct decode_run *run, bool keep);

/*
 * A block to be filled with the `length` bytes at `plain`, where it begins, or NULL: there is no
 * room, or it is there. To be ended with decode_end_block(): it is ready, or it goes.
 */
struct decoded_block *decode_claim_block(struct decoding *decoding, uint64_t plain,
                                         uint64_t length);
void decode_end_block(struct decoding *decoding, struct decoded_block *block, bool ready);

/*
 * Decodes [start, end), which lies in a part, by the nearest run. Returns as decode_start_run() and
 * decode_read_run().
 */
int decode_in_run(struct decoding *decoding, size_t part, uint64_t start, uint64_t end);

#endif
