/* SPDX-License-Identifier: MIT */
#include "core/content/decoding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/decode_memory.h"
#include "core/content/decode_parts.h"
#include "core/content/plain.h"

static int read_file(void *argument, void *buffer, size_t length, uint64_t offset)
{
    const struct codec_lender *lender = argument;
    if (cancel_asked(lender->reading->cancel))
        return -CANCELLED;
    return plain_content.copy(lender->reading, lender->fd, buffer, length, offset, CONTENT_READS);
}

struct codec_file codec_file_of(struct codec_lender *lender, uint64_t size)
{
    return (struct codec_file){.read = read_file, .argument = lender, .size = size};
}

/* Gives back what the request still has. */
static void finish_decoding(struct decoding *decoding)
{
    if (decoding->run != NULL)
        decode_leave_run(decoding, steal_pointer(&decoding->run), true);
    free(decoding->scratch);
    decoding->scratch = NULL;
    decode_memory_give_back(decoding->cache, decoding->extra);
    decoding->extra = 0;
}

/* A part that another thread is checking, of which something is wanted; or map->count. */
static size_t find_busy_part(const struct decoding *decoding)
{
    const struct content_map *map = decoding->map;
    size_t part = content_map_find(map, decoding->start);

    for (; part < map->count && map->places[part].plain < decoding->end; part++)
        if (atomic_load(&map->checks[part]) == PART_BUSY)
            return part;
    return map->count;
}

/* Waits for a thread that checks a part: it may keep what is wanted. -TRY_AGAIN: that was so. */
static int await_busy_part(const struct decoding *decoding)
{
    const size_t part = find_busy_part(decoding);

    return part == decoding->map->count
               ? 0
               : decode_cache_await(decoding->cache, &decoding->map->checks[part], PART_BUSY,
                                    decoding->reading->cancel);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* The run that decoding may go on with: a part that is not checked yet is read from its start. */
static struct run_wish wish_of(const struct decoding *decoding)
{
    const struct content_map *map = decoding->map;
    const size_t part = content_map_find(map, decoding->start);
    const bool is_ready =
        !map->codec->checks_when_read || atomic_load(&map->checks[part]) == PART_RIGHT;

    return (struct run_wish){
        .map = is_ready ? map : NULL, .from = map->places[part].plain, .to = decoding->start};
}

/* Claims the block that [decoding->start, decoding->end) is. */
static int claim_block(struct decoding *decoding, const struct block_key *key,
                       struct block_claim *claim)
{
    const struct block_key whole = {key->generation, key->number,
                                    (size_t)(decoding->end - decoding->start)};
    const struct run_wish wish = wish_of(decoding);

    int error = await_busy_part(decoding);
    if (error == 0)
        error = decode_find_needed(decoding);
    if (error == 0)
        error = decode_cache_claim(decoding->cache, &whole, &wish, decoding->needed,
                                   decoding->reading->cancel, claim);
    if (error == 0 && claim->loads) {
        decoding->run = claim->run;
        decoding->extra = claim->run == NULL ? decoding->needed : 0;
    }
    return error;
}

/* The block, ready, to be given back. */
static int get_block(struct decoding *decoding, const struct block_key *key,
                     struct decoded_block **block)
{
    struct block_claim claim;

    *block = decode_cache_get(decoding->cache, key);
    if (*block != NULL)
        return 0;
    decoding->start = key->number * DECODED_BLOCK;
    decoding->end = min_u64(decoding->start + DECODED_BLOCK, decoding->map->size);
    int error = claim_block(decoding, key, &claim);
    if (error != 0)
        return error;
    *block = claim.block;
    if (!claim.loads)
        return 0;
    decoding->own = claim.block->item.memory;
    decoding->to = claim.block->bytes;
    error = decode_stretch(decoding, decoding->start, decoding->end);
    decode_cache_loaded(decoding->cache, claim.block, error == 0);
    finish_decoding(decoding);
    return error;
}

/* Decodes what was asked for and nothing else: another part of its block is damaged. */
static int copy_alone(struct decoding *decoding, uint8_t *to, size_t length, uint64_t offset)
{
    decoding->start = offset;
    decoding->end = offset + length;
    decoding->goal = 0; /* not of what is around */
    decoding->own = 0;
    decoding->to = to;
    int error = await_busy_part(decoding);
    if (error == 0)
        error = decode_find_needed(decoding);
    if (error == 0)
        error =
            decode_memory_wait_for(decoding->cache, decoding->needed, decoding->reading->cancel);
    if (error != 0)
        return error;
    decoding->extra = decoding->needed;
    error = decode_stretch(decoding, decoding->start, decoding->end);
    finish_decoding(decoding);
    return error;
}

/* Copies bytes of one block. */
static int copy_decoded(struct decoding *decoding, const struct block_key *key, uint8_t *to,
                        size_t length, uint64_t offset)
{
    struct decoded_block *block = NULL;
    int error;

    do
        error = get_block(decoding, key, &block);
    while (error == -TRY_AGAIN);
    if (error == 0) {
        memcpy(to, block->bytes + offset % DECODED_BLOCK, length);
        decode_cache_put(decoding->cache, block);
    }
    if (error != -EBADMSG)
        return error;
    do
        error = copy_alone(decoding, to, length, offset);
    while (error == -TRY_AGAIN);
    return error;
}

static int copy_decoded_at_once(struct decoding *decoding, const struct block_key *key, uint8_t *to,
                                size_t length, uint64_t offset)
{
    struct decoded_block *block = decode_cache_get(decoding->cache, key);
    if (block == NULL)
        return -NOT_AT_ONCE;
    memcpy(to, block->bytes + offset % DECODED_BLOCK, length);
    decode_cache_put(decoding->cache, block);
    return 0;
}

int decoding_copy(const struct reading *reading, int fd, struct content_map *map, void *buffer,
                  size_t length, uint64_t offset, enum content_way way)
{
    struct codec_lender lender = {reading, fd};
    struct decoding decoding = {
        .reading = reading,
        .file = codec_file_of(&lender, map->file),
        .cache = &reading->source->pool->decoded,
        .map = map,
    };
    uint8_t *to = buffer;
    int error = 0;

    if (content_map_damage_in(map, offset, offset + length) != NULL)
        return -EBADMSG;
    const uint64_t goal = (offset + length + DECODED_BLOCK - 1) / DECODED_BLOCK * DECODED_BLOCK;
    while (error == 0 && length > 0) {
        const size_t skip = (size_t)(offset % DECODED_BLOCK);
        const size_t part = (size_t)min_u64(length, DECODED_BLOCK - skip);
        const struct block_key key = {generation_number(reading->generation),
                                      offset / DECODED_BLOCK, skip + part};
        decoding.goal = goal;
        error = way == CONTENT_AT_ONCE ? copy_decoded_at_once(&decoding, &key, to, part, offset)
                                       : copy_decoded(&decoding, &key, to, part, offset);
        to += part;
        offset += part;
        length -= part;
    }
    return error;
}
