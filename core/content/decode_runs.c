/* SPDX-License-Identifier: MIT */
#include "core/content/decode_runs.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/decode_memory.h"

uint8_t *decode_scratch(struct decoding *decoding)
{
    if (decoding->scratch == NULL)
        decoding->scratch = malloc(DECODED_BLOCK);
    return decoding->scratch;
}

/* Opens a stream at a place. -EBADMSG: what the place leads to is damaged, or its aid. */
static int open_at(struct decoding *decoding, size_t part, struct codec_place *place,
                   struct codec_stream **stream)
{
    const struct content_map *map = decoding->map;
    AUTO_FREE uint8_t *aid = NULL;
    const int error = content_map_load_place(map, part, place, &aid);

    if (error != 0)
        return error == -ENOMEM ? error : -EBADMSG;
    return map->codec->stream_open(&decoding->file, place, stream);
}

/*
 * Opens a stream at the last place at or before a part that can be had: if the aid is wrong, or the
 * store of aids has gone, that is where a unit starts. Then decoding takes longer, but is as right.
 */
static int open_before(struct decoding *decoding, size_t part, struct codec_place *place,
                       struct codec_stream **stream)
{
    const struct content_map *map = decoding->map;
    const int error = open_at(decoding, part, place, stream);

    if (error != -EBADMSG || map->places[part].starts_unit)
        return error;
    while (part > 0 && !map->places[part].starts_unit)
        part--;
    return open_at(decoding, part, place, stream);
}

/* The run that was claimed with the block is not needed: its memory may be. */
static void drop_claimed_run(struct decoding *decoding)
{
    if (decoding->run != NULL)
        decode_cache_leave_run(decoding->cache, steal_pointer(&decoding->run));
}

/* Whether as much is reserved for a run as any wanted part needs. */
static bool reserve_needed(struct decoding *decoding)
{
    if (decoding->extra >= decoding->needed)
        return true;
    decode_memory_give_back(decoding->cache, decoding->extra);
    decoding->extra = 0;
    if (!decode_memory_try(decoding->cache, decoding->needed, decoding->own))
        return false;
    decoding->extra = decoding->needed;
    return true;
}

int decode_start_run(struct decoding *decoding, size_t part, uint64_t start,
                     struct decode_run **run)
{
    const struct codec *codec = decoding->map->codec;
    struct codec_stream *stream = NULL;
    struct codec_place place;

    drop_claimed_run(decoding);
    if (!reserve_needed(decoding))
        return -TRY_AGAIN;
    int error = open_before(decoding, part, &place, &stream);
    if (error != 0)
        return error;
    *run = decode_run_new(decoding->cache, decoding->map, stream, place.plain, decoding->extra);
    if (*run == NULL) {
        codec->stream_close(stream);
        return -ENOMEM;
    }
    decode_cache_use_run(decoding->cache, *run, start);
    decoding->extra = 0;
    return 0;
}

void decode_leave_run(struct decoding *decoding, struct decode_run *run, bool keep)
{
    if (keep)
        decode_cache_leave_run(decoding->cache, run);
    else
        decode_cache_end_run(decoding->cache, run);
}

int decode_read_run(struct decoding *decoding, struct decode_run *run, uint8_t *bytes,
                    size_t length)
{
    int error = cancel_asked(decoding->reading->cancel) ? -CANCELLED : 0;
    if (error == 0)
        error = decoding->map->codec->stream_read(&decoding->file, run->stream, bytes, length);
    if (error == 0)
        run->plain += length;
    return error;
}

static int skip_run(struct decoding *decoding, struct decode_run *run, uint64_t plain)
{
    int error = decoding->map->codec->stream_skip(&decoding->file, run->stream, plain - run->plain);
    if (error == 0)
        run->plain = plain;
    return error;
}

struct block_key decode_block_key(const struct decoding *decoding, uint64_t plain, uint64_t length)
{
    return (struct block_key){generation_number(decoding->reading->generation),
                              plain / DECODED_BLOCK, (size_t)length};
}

struct decoded_block *decode_claim_block(struct decoding *decoding, uint64_t plain, uint64_t length)
{
    const struct block_key key = decode_block_key(decoding, plain, length);

    if (plain % DECODED_BLOCK != 0 ||
        content_map_damage_in(decoding->map, plain, plain + length) != NULL)
        return NULL;
    return decode_cache_claim_more(decoding->cache, &key);
}

/* A block that begins at `plain` and ends at `end` or before, to be loaded for others, or NULL. */
static struct decoded_block *claim_more(struct decoding *decoding, uint64_t plain, uint64_t end)
{
    if (plain >= end || end - plain < DECODED_BLOCK)
        return NULL;
    return decode_claim_block(decoding, plain, DECODED_BLOCK);
}

void decode_end_block(struct decoding *decoding, struct decoded_block *block, bool ready)
{
    decode_cache_loaded(decoding->cache, block, ready);
    if (ready)
        decode_cache_put(decoding->cache, block);
}

/* Reads on to the end of a block, or to `plain` if that is nearer. */
static int pass_block(struct decoding *decoding, struct decode_run *run, uint64_t plain)
{
    const uint64_t room = DECODED_BLOCK - run->plain % DECODED_BLOCK;
    struct decoded_block *block = claim_more(decoding, run->plain, plain);
    uint8_t *to = block != NULL ? block->bytes : decode_scratch(decoding);

    int error = to == NULL
                    ? -ENOMEM
                    : decode_read_run(decoding, run, to, (size_t)min_u64(plain - run->plain, room));
    if (block != NULL)
        decode_end_block(decoding, block, error == 0);
    return error;
}

/*
 * Reads on to `plain`. Blocks on the way are kept: when a file is read ahead, another thread is
 * about to ask for them.
 */
static int pass_to(struct decoding *decoding, struct decode_run *run, uint64_t plain)
{
    int error = 0;

    if (decoding->map->codec->stream_skip != NULL && run->plain < plain)
        return skip_run(decoding, run, plain);
    while (error == 0 && run->plain < plain)
        error = pass_block(decoding, run, plain);
    return error;
}

/*
 * Goes on with blocks of the part that the reader asks for next. So no other thread takes the run
 * between two of them. An error here is none of the block that was wanted first.
 */
static int decode_ahead(struct decoding *decoding, struct decode_run *run, size_t part)
{
    const uint64_t until = min_u64(decoding->goal, content_map_part_end(decoding->map, part));
    struct decoded_block *block = NULL;
    int error = 0;

    while (error == 0 && (block = claim_more(decoding, run->plain, until)) != NULL) {
        error = decode_read_run(decoding, run, block->bytes, DECODED_BLOCK);
        decode_end_block(decoding, block, error == 0);
    }
    return error;
}

/* The run that is nearest to `start`, or a new one. */
static int find_run(struct decoding *decoding, size_t part, uint64_t start, struct decode_run **run)
{
    struct run_wish wish = {
        .map = decoding->map,
        .from = decoding->map->places[part].plain,
        .to = start,
        .waits = decoding->map->codec->stream_skip == NULL,
    };
    if (decoding->run != NULL) {
        *run = steal_pointer(&decoding->run);
        if ((*run)->map == wish.map && (*run)->plain >= wish.from && (*run)->plain <= wish.to)
            return 0;
        decode_leave_run(decoding, *run, true);
    }
    int error = decode_cache_take_run(decoding->cache, &wish, decoding->reading->cancel, run);
    if (error == 0 && *run == NULL)
        error = decode_start_run(decoding, part, start, run);
    return error;
}

/*
 * If much must be passed to get there, other runs are likely to take this one's memory before it is
 * read on: then more is decoded while it is there.
 */
static void aim_further(struct decoding *decoding, uint64_t passed, uint64_t end)
{
    enum { MUCH = 16 * 1024 * 1024, FURTHER = 8 * 1024 * 1024 };

    if (passed >= MUCH && decoding->goal > 0)
        decoding->goal = max_u64(decoding->goal, end + FURTHER);
}

int decode_in_run(struct decoding *decoding, size_t part, uint64_t start, uint64_t end)
{
    struct decode_run *run = NULL;
    int error = find_run(decoding, part, start, &run);

    if (error != 0)
        return error;
    aim_further(decoding, start - run->plain, end);
    error = pass_to(decoding, run, start);
    if (error == 0)
        error = decode_read_run(decoding, run, decoding->to + (start - decoding->start),
                                (size_t)(end - start));
    const bool goes_on = error == 0 && decode_ahead(decoding, run, part) == 0;
    decode_leave_run(decoding, run, goes_on);
    return error;
}
