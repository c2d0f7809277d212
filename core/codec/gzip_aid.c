/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_aid.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

enum { AID_VERSION = 1, NOT_INSIDE = 255 };
enum { VERSION_AT = 0, BITS_AT = 1, LENGTH_AT = 2, CRC_AT = 4, BLOCK_AT = 8 };

/*
 * Level 6 makes windows a quarter smaller than level 1. Level 9 takes three times as long for
 * another 3%, because the zeros make long chains. Raw, because the aid has a checksum.
 */
enum { PACK_LEVEL = 6, PACK_MEMORY = 8, PACK_RAW = -15 };

struct gzip_packer {
    z_stream stream;
    uint8_t aid[GZIP_AID_MOST];
};

struct gzip_packer *gzip_packer_new(void)
{
    struct gzip_packer *packer = calloc(1, sizeof(*packer));

    if (packer != NULL && deflateInit2(&packer->stream, PACK_LEVEL, Z_DEFLATED, PACK_RAW,
                                       PACK_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(packer);
        return NULL;
    }
    return packer;
}

void gzip_packer_free(struct gzip_packer *packer)
{
    if (packer != NULL)
        (void)deflateEnd(&packer->stream);
    free(packer);
}

static void put_number(uint8_t *bytes, uint64_t number, size_t length)
{
    number = htole64(number);
    memcpy(bytes, &number, length);
}

static uint64_t get_number(const uint8_t *bytes, size_t length)
{
    uint64_t number = 0;
    memcpy(&number, bytes, length);
    return le64toh(number);
}

static uint32_t aid_crc(const struct codec_place *place, const uint8_t *aid, size_t size)
{
    uint8_t where[8 + 8 + 1];

    put_number(where, place->file, 8);
    put_number(where + 8, place->plain, 8);
    where[16] = place->bits;
    uLong crc = crc32_z(crc32_z(0, NULL, 0), where, sizeof(where));
    crc = crc32_z(crc, aid, CRC_AT);
    return (uint32_t)crc32_z(crc, aid + BLOCK_AT, size - BLOCK_AT);
}

/* Returns how many bytes the packed window has. */
static size_t deflate_window(struct gzip_packer *packer, const uint8_t *window, size_t length)
{
    z_stream *stream = &packer->stream;

    if (length == 0)
        return 0;
    (void)deflateReset(stream);
    stream->next_in = window;
    stream->avail_in = (uInt)length;
    stream->next_out = packer->aid + GZIP_AID_HEAD;
    stream->avail_out = GZIP_AID_MOST - GZIP_AID_HEAD;
    int result = deflate(stream, Z_FINISH);
    assert(result == Z_STREAM_END);
    (void)result;
    return GZIP_AID_MOST - GZIP_AID_HEAD - stream->avail_out;
}

void gzip_aid_pack(struct gzip_packer *packer, const struct gzip_start *start,
                   const uint8_t *window, size_t length, struct codec_place *place)
{
    uint8_t *aid = packer->aid;
    const size_t size = GZIP_AID_HEAD + deflate_window(packer, window, length);

    aid[VERSION_AT] = AID_VERSION;
    aid[BITS_AT] = start->is_inside ? start->block.bits : NOT_INSIDE;
    put_number(aid + LENGTH_AT, length, 2);
    put_number(aid + BLOCK_AT, start->is_inside ? start->block.file : 0, 8);
    put_number(aid + CRC_AT, aid_crc(place, aid, size), 4);
    place->aid = aid;
    place->aid_size = (uint32_t)size;
}

static int inflate_window(struct inflate_run *run, const uint8_t *packed, size_t size,
                          uint8_t *window, size_t length)
{
    if (length == 0)
        return size == 0 ? 0 : -EBADMSG;
    if (inflate_run_start(run, 0, 0) != INFLATE_GOES_ON)
        return -EBADMSG;
    run->in = packed;
    run->left = size;
    run->out = window;
    run->room = length;
    const enum inflate_result result = inflate_run_on(run, false);
    if (result == INFLATE_NO_MEMORY)
        return -ENOMEM;
    return result == INFLATE_STREAM_END && run->left == 0 && run->room == 0 ? 0 : -EBADMSG;
}

int gzip_aid_unpack(const struct codec_place *place, struct inflate_run *run,
                    struct gzip_start *start, uint8_t *window, size_t *length)
{
    const uint8_t *aid = place->aid;
    const size_t size = place->aid_size;

    if (size < GZIP_AID_HEAD || size > GZIP_AID_MOST || aid[VERSION_AT] != AID_VERSION ||
        get_number(aid + CRC_AT, 4) != aid_crc(place, aid, size))
        return -EBADMSG;
    *start = (struct gzip_start){
        .at = {place->file, place->bits},
        .is_inside = aid[BITS_AT] != NOT_INSIDE,
        .block = {get_number(aid + BLOCK_AT, 8), aid[BITS_AT]},
    };
    *length = (size_t)get_number(aid + LENGTH_AT, 2);
    if (*length > INFLATE_WINDOW)
        return -EBADMSG;
    return inflate_window(run, aid + GZIP_AID_HEAD, size - GZIP_AID_HEAD, window, *length);
}

#endif
