/* SPDX-License-Identifier: MIT */
#include "core/content/decode_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/map_detail.h"

/* The share of all memory that one part may fill with blocks while it is checked. */
enum { PART_SHARE = 2 };

/* --- checking a part -------------------------------------------------------------------------- */

enum { KEPT_MOST = 128 };

/* A part that is decoded to its end. */
struct part_reader {
    struct decoding *decoding;
    struct decode_run *run;
    size_t part;
    uint64_t end;                          /* of the part */
    bool keeps;                            /* whole blocks of the part become ready, too */
    struct decoded_block *kept[KEPT_MOST]; /* claimed meanwhile */
    size_t kept_count;
};

/*
 * A block that begins here, to be filled to `stop`, which is its end or that of the part; or NULL.
 * The rest of such a block lies in other parts, and a reader of all of it need not have this part
 * decoded again.
 */
static uint8_t *keep_block(struct part_reader *reader, uint64_t stop)
{
    const uint64_t plain = reader->run->plain;

    if (!reader->keeps || reader->kept_count == KEPT_MOST)
        return NULL;
    struct decoded_block *block = decode_claim_block(reader->decoding, plain, stop - plain);
    if (block == NULL)
        return NULL;
    reader->kept[reader->kept_count++] = block;
    return block->bytes;
}

/* Reads the next bytes of the part, to where they are wanted, or up to where some are. */
static int read_more_of_part(struct part_reader *reader)
{
    struct decoding *decoding = reader->decoding;
    const uint64_t plain = reader->run->plain;
    const uint64_t room = DECODED_BLOCK - plain % DECODED_BLOCK;
    uint64_t stop = min_u64(reader->end, plain + room);
    uint8_t *to = NULL;

    if (plain >= decoding->start && plain < decoding->end) {
        to = decoding->to + (plain - decoding->start);
        stop = min_u64(stop, decoding->end);
    } else {
        if (plain < decoding->start && stop > decoding->start)
            stop = decoding->start;
        else
            to = keep_block(reader, stop);
        to = to != NULL ? to : decode_scratch(decoding);
    }
    return to != NULL ? decode_read_run(decoding, reader->run, to, (size_t)(stop - plain))
                      : -ENOMEM;
}

/* At the end of a part: whether the stream has come to the next place. */
static int check_end(struct part_reader *reader)
{
    const struct decoding *decoding = reader->decoding;
    const struct content_map *map = decoding->map;
    const bool is_last = reader->part + 1 == map->count;
    const struct codec_place next = is_last ? (struct codec_place){.file = map->file}
                                            : content_map_place(map, reader->part + 1);

    if (map->codec->stream_check == NULL)
        return 0;
    return map->codec->stream_check(&decoding->file, reader->run->stream,
                                    is_last && !decoding->by_units ? NULL : &next);
}

static int read_to_part_end(struct part_reader *reader)
{
    int error = 0;

    while (error == 0 && reader->run->plain < reader->end)
        error = read_more_of_part(reader);
    if (error == 0)
        error = check_end(reader);
    for (size_t i = 0; i < reader->kept_count; i++)
        decode_end_block(reader->decoding, reader->kept[i], error == 0);
    return error;
}

static void report_part(const struct decoding *decoding, size_t part)
{
    const struct map_place *place = &decoding->map->places[part];
    source_report_trouble(decoding->reading->source, "not readable",
                          "damaged after byte %" PRIu64 ": of plain/, the %" PRIu64
                          " bytes from %" PRIu64 " on cannot be read",
                          place->file, content_map_part_end(decoding->map, part) - place->plain,
                          place->plain);
}

/* Decodes a part to its end, and what of it is wanted on the way. */
static int check_part(struct decoding *decoding, size_t part)
{
    struct content_map *map = decoding->map;
    struct part_reader reader = {
        .decoding = decoding, .part = part, .end = content_map_part_end(map, part)};

    reader.keeps = reader.end - map->places[part].plain <= decoding->cache->limit / PART_SHARE;
    int error = decode_start_run(decoding, part, UINT64_MAX, &reader.run);
    if (error != 0)
        return error;
    error = read_to_part_end(&reader);
    decode_leave_run(decoding, reader.run, false);
    if (error == 0)
        atomic_store(&map->checks[part], (uint8_t)PART_RIGHT);
    else if (error == -EBADMSG && !decoding->by_units)
        atomic_store(&map->checks[part], (uint8_t)PART_WRONG);
    return error;
}

/* The same, if no other thread does; else -TRY_AGAIN. Of a unit many may check. */
static int check_part_alone(struct decoding *decoding, size_t part)
{
    _Atomic uint8_t *check = &decoding->map->checks[part];
    uint8_t was = PART_UNREAD;

    if (decoding->by_units)
        return check_part(decoding, part);
    if (!atomic_compare_exchange_strong(check, &was, PART_BUSY))
        return -TRY_AGAIN;
    int error = check_part(decoding, part);
    was = PART_BUSY;
    (void)atomic_compare_exchange_strong(check, &was, PART_UNREAD);
    decode_cache_wake(decoding->cache);
    return error;
}

/* --- a stretch of any parts ------------------------------------------------------------------- */

/* A unit of the part is damaged. Decodes [start, end) if that is in others. */
static int decode_by_units(struct decoding *decoding, size_t part, uint64_t start, uint64_t end)
{
    struct content_map *map = decoding->map;
    struct content_map *detail = NULL;
    int error = map_detail_get(map, part, &decoding->file, &detail);

    if (error != 0)
        return error;
    decoding->map = detail;
    decoding->by_units = true;
    decoding->whole = map;
    error = decode_find_needed(decoding); /* a unit may need more than was seen of the part */
    if (error == 0)
        error = decode_stretch(decoding, start, end);
    decoding->map = map;
    decoding->by_units = false;
    content_map_unref(detail);
    return error;
}

/* Copies [start, end) if that is the start of a block that was kept to the end of its part. */
static bool copy_kept(struct decoding *decoding, uint64_t start, uint64_t end)
{
    const struct block_key key = decode_block_key(decoding, start, end - start);
    struct decoded_block *block =
        start % DECODED_BLOCK == 0 ? decode_cache_get(decoding->cache, &key) : NULL;

    if (block == NULL)
        return false;
    memcpy(decoding->to + (start - decoding->start), block->bytes, (size_t)(end - start));
    decode_cache_put(decoding->cache, block);
    return true;
}

/* Notes a damaged unit, and reports it once, however often its detail is made. */
static void note_wrong_unit(const struct decoding *decoding, size_t part)
{
    struct content_map *whole = decoding->by_units ? decoding->whole : decoding->map;

    atomic_store(&decoding->map->checks[part], (uint8_t)PART_WRONG);
    if (map_detail_is_news(whole, decoding->map->places[part].plain))
        report_part(decoding, part);
}

/* Decodes [start, end), which lies in a part that is not known to be damaged. */
static int decode_checked(struct decoding *decoding, size_t part, uint64_t start, uint64_t end)
{
    const struct content_map *map = decoding->map;

    if (map->codec->checks_when_read && atomic_load(&map->checks[part]) != PART_RIGHT)
        return check_part_alone(decoding, part);
    return copy_kept(decoding, start, end) ? 0 : decode_in_run(decoding, part, start, end);
}

static int decode_in_part(struct decoding *decoding, size_t part, uint64_t start, uint64_t end)
{
    const struct content_map *map = decoding->map;
    int error = -EBADMSG;

    if (content_map_damage_in(map, start, end) != NULL)
        return error;
    if (atomic_load(&map->checks[part]) != PART_WRONG)
        error = decode_checked(decoding, part, start, end);
    if (error != -EBADMSG)
        return error;
    if (!decoding->by_units && map->places[part].starts_unit)
        return decode_by_units(decoding, part, start, end);
    note_wrong_unit(decoding, part);
    return error;
}

int decode_stretch(struct decoding *decoding, uint64_t start, uint64_t end)
{
    int error = 0;

    while (error == 0 && start < end) {
        const size_t part = content_map_find(decoding->map, start);
        const uint64_t part_end = content_map_part_end(decoding->map, part);
        const uint64_t stop = part_end > start ? min_u64(end, part_end) : end;
        error = decode_in_part(decoding, part, start, stop);
        start = stop;
    }
    return error;
}

int decode_find_needed(struct decoding *decoding)
{
    const struct content_map *map = decoding->map;
    int error = 0;

    decoding->needed = 0;
    for (size_t part = content_map_find(map, decoding->start);
         error == 0 && part < map->count && map->places[part].plain < decoding->end; part++) {
        const struct codec_place place = content_map_place(map, part);
        uint64_t memory = 0;
        if (content_map_damage_in(map, place.plain, place.plain + 1) == NULL)
            error = map->codec->stream_memory(&decoding->file, &place, &memory);
        if (error == -EBADMSG)
            error = 0; /* one of its units is damaged: which one is found when it is decoded */
        decoding->needed = max_u64(decoding->needed, memory);
    }
    decoding->needed += DECODED_BLOCK;
    return error;
}
