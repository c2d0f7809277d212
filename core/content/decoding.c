/* SPDX-License-Identifier: MIT */
#include "core/content/decoding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/decode_cache.h"
#include "core/content/plain.h"

/* The share of all memory that one part may fill with blocks while it is checked. */
enum { PART_SHARE = 4 };

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

/* Decoding for one request. */
struct decoding {
    const struct reading *reading;
    struct codec_file file;
    struct decode_cache *cache;
    struct content_map *map;
    struct decoded_block *block; /* that is loaded */
    uint64_t needed;             /* memory that a run takes, at most */
    uint64_t extra;              /* memory that is reserved and belongs to no run yet */
};

static uint64_t block_start(const struct decoded_block *block)
{
    return block->number * DECODED_BLOCK;
}

/* --- runs ------------------------------------------------------------------------------------- */

/*
 * Starts a run at a place, with the reserved memory. -TRY_AGAIN: another run has it, and there is
 * no more; the block must be claimed anew, as waiting here might be for ever.
 */
static int start_run(struct decoding *decoding, size_t part, struct decode_run **run)
{
    const struct codec *codec = decoding->map->codec;
    const struct codec_place place = content_map_place(decoding->map, part);
    struct codec_stream *stream = NULL;

    if (decoding->extra == 0 && !decode_cache_reserve(decoding->cache, decoding->needed))
        return -TRY_AGAIN;
    decoding->extra = decoding->needed;
    int error = codec->stream_open(&decoding->file, &place, &stream);
    if (error != 0)
        return error;
    *run = decode_run_new(decoding->map, stream, place.plain, decoding->needed);
    if (*run == NULL) {
        codec->stream_close(stream);
        return -ENOMEM;
    }
    decoding->extra = 0;
    return 0;
}

/* Lets a run wait; or frees it, and its memory is the request's again. */
static void leave_run(struct decoding *decoding, struct decode_run *run, bool keep)
{
    if (keep)
        decode_cache_leave_run(decoding->cache, run);
    else
        decoding->extra += decode_run_end(run);
}

static int read_run(struct decoding *decoding, struct decode_run *run, uint8_t *bytes,
                    size_t length)
{
    int error = cancel_asked(decoding->reading->cancel) ? -CANCELLED : 0;
    if (error == 0)
        error = decoding->map->codec->stream_read(&decoding->file, run->stream, bytes, length);
    if (error == 0)
        run->plain += length;
    return error;
}

/* Reads on to `plain`. What is passed goes to `scratch`, which has room for a block. */
static int pass_to(struct decoding *decoding, struct decode_run *run, uint64_t plain,
                   uint8_t *scratch)
{
    int error = 0;
    while (error == 0 && run->plain < plain)
        error =
            read_run(decoding, run, scratch, (size_t)min_u64(plain - run->plain, DECODED_BLOCK));
    return error;
}

/* Decodes [start, end), which lies in a part and in the block, into the block. */
static int decode_stretch(struct decoding *decoding, size_t part, uint64_t start, uint64_t end)
{
    struct decoded_block *block = decoding->block;
    uint8_t *to = block->bytes + (start - block_start(block));
    struct decode_run *run = decode_cache_take_run(decoding->cache, decoding->map,
                                                   decoding->map->places[part].plain, start);
    int error = run == NULL ? start_run(decoding, part, &run) : 0;

    if (error != 0)
        return error;
    /* If the stretch is not the block's first, the part begins with it, and nothing is passed. */
    error = pass_to(decoding, run, start, block->bytes);
    if (error == 0)
        error = read_run(decoding, run, to, (size_t)(end - start));
    leave_run(decoding, run, error == 0);
    return error;
}

/* --- checking a part -------------------------------------------------------------------------- */

/* A part that is decoded to its end. */
struct part_reader {
    struct decoding *decoding;
    struct decode_run *run;
    uint64_t end;                   /* of the part */
    bool keeps;                     /* blocks that lie in the part become ready, too */
    struct decoded_block *kept[64]; /* claimed meanwhile */
    size_t kept_count;
    uint8_t *scratch; /* owned; a block */
};

/* Where the bytes from run->plain on go, up to the end of their block. */
static uint8_t *target_of(struct part_reader *reader, size_t length)
{
    struct decoding *decoding = reader->decoding;
    const uint64_t plain = reader->run->plain;
    const uint64_t number = plain / DECODED_BLOCK;
    const bool whole = plain % DECODED_BLOCK == 0 &&
                       (length == DECODED_BLOCK || plain + length == decoding->map->size);

    if (number == decoding->block->number)
        return decoding->block->bytes + plain % DECODED_BLOCK;
    if (!reader->keeps || !whole ||
        reader->kept_count == sizeof(reader->kept) / sizeof(reader->kept[0]))
        return reader->scratch;
    struct decoded_block *block =
        decode_cache_claim_more(decoding->cache, decoding->block->generation, number);
    if (block == NULL)
        return reader->scratch;
    reader->kept[reader->kept_count++] = block;
    return block->bytes;
}

static int read_to_part_end(struct part_reader *reader)
{
    int error = 0;

    while (error == 0 && reader->run->plain < reader->end) {
        const uint64_t room = DECODED_BLOCK - reader->run->plain % DECODED_BLOCK;
        const size_t length = (size_t)min_u64(room, reader->end - reader->run->plain);
        error = read_run(reader->decoding, reader->run, target_of(reader, length), length);
    }
    for (size_t i = 0; i < reader->kept_count; i++) {
        decode_cache_loaded(reader->decoding->cache, reader->kept[i], error == 0);
        if (error == 0)
            decode_cache_put(reader->decoding->cache, reader->kept[i]);
    }
    return error;
}

/* Decodes a part to its end, and what of it lies in the block into the block. */
static int check_part(struct decoding *decoding, size_t part)
{
    struct content_map *map = decoding->map;
    struct part_reader reader = {
        .decoding = decoding,
        .end = content_map_part_end(map, part),
        .scratch = malloc(DECODED_BLOCK),
    };

    reader.keeps = reader.end - map->places[part].plain <= decoding->cache->limit / PART_SHARE;
    if (reader.scratch == NULL)
        return -ENOMEM;
    int error = start_run(decoding, part, &reader.run);
    if (error == 0) {
        error = read_to_part_end(&reader);
        leave_run(decoding, reader.run, false);
    }
    free(reader.scratch);
    if (error == 0 || error == -EBADMSG)
        atomic_store(&map->checks[part], (uint8_t)(error == 0 ? PART_RIGHT : PART_WRONG));
    return error;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Loads what of the block lies in a part. */
static int load_part(struct decoding *decoding, size_t part, uint64_t start, uint64_t end)
{
    const struct content_map *map = decoding->map;
    const uint8_t check = atomic_load(&map->checks[part]);

    if (check == PART_WRONG || content_map_damage_in(map, start, end) != NULL)
        return -EBADMSG;
    if (map->codec->checks_when_read && check == PART_UNREAD)
        return check_part(decoding, part);
    return decode_stretch(decoding, part, start, end);
}

static int load_block(struct decoding *decoding)
{
    const struct content_map *map = decoding->map;
    uint64_t place = block_start(decoding->block);
    const uint64_t end = min_u64(place + DECODED_BLOCK, map->size);
    int error = 0;

    while (error == 0 && place < end) {
        const size_t part = content_map_find(map, place);
        const uint64_t stop = min_u64(end, content_map_part_end(map, part));
        error = load_part(decoding, part, place, stop);
        place = stop;
    }
    return error;
}

/* How much memory a stream needs for any part that the block lies in. */
static int memory_for(const struct decoding *decoding, uint64_t number, uint64_t *memory)
{
    const struct content_map *map = decoding->map;
    const uint64_t end = min_u64((number + 1) * DECODED_BLOCK, map->size);
    int error = 0;

    *memory = 0;
    for (size_t part = content_map_find(map, number * DECODED_BLOCK);
         error == 0 && part < map->count && map->places[part].plain < end; part++) {
        const struct codec_place place = content_map_place(map, part);
        uint64_t needed = 0;
        if (content_map_damage_in(map, place.plain, place.plain + 1) == NULL)
            error = map->codec->stream_memory(&decoding->file, &place, &needed);
        *memory = max_u64(*memory, needed);
    }
    return error;
}

/* The block, ready, to be given back. */
static int get_block(struct decoding *decoding, uint64_t number, struct decoded_block **got)
{
    const uint64_t generation = generation_number(decoding->reading->generation);
    bool loads = false;

    *got = decode_cache_get(decoding->cache, generation, number);
    if (*got != NULL)
        return 0;
    int error = memory_for(decoding, number, &decoding->needed);
    if (error == 0)
        error = decode_cache_claim(decoding->cache, generation, number, decoding->needed,
                                   decoding->reading->cancel, got, &loads);
    if (error != 0 || !loads)
        return error;
    decoding->extra = decoding->needed;
    decoding->block = *got;
    error = load_block(decoding);
    decode_cache_loaded(decoding->cache, *got, error == 0);
    decode_cache_give_back(decoding->cache, decoding->extra);
    return error;
}

static int get_block_again(struct decoding *decoding, uint64_t number, struct decoded_block **got)
{
    int error;
    do
        error = get_block(decoding, number, got);
    while (error == -TRY_AGAIN);
    return error;
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
    const uint64_t generation = generation_number(reading->generation);
    uint8_t *to = buffer;
    int error = 0;

    if (content_map_damage_in(map, offset, offset + length) != NULL)
        return -EBADMSG;
    while (error == 0 && length > 0) {
        const uint64_t number = offset / DECODED_BLOCK;
        const size_t skip = (size_t)(offset % DECODED_BLOCK);
        const size_t part = (size_t)min_u64(length, DECODED_BLOCK - skip);
        struct decoded_block *block = NULL;
        if (way == CONTENT_AT_ONCE)
            block = decode_cache_get(decoding.cache, generation, number);
        else
            error = get_block_again(&decoding, number, &block);
        if (block == NULL || error != 0)
            return error != 0 ? error : -NOT_AT_ONCE;
        memcpy(to, block->bytes + skip, part);
        decode_cache_put(decoding.cache, block);
        to += part;
        offset += part;
        length -= part;
    }
    return error;
}
