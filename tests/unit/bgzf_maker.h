/* SPDX-License-Identifier: MIT */
/* Shared by the tests of BGZF: writes such files, with all that the format allows. */
#ifndef BIGFS_TESTS_BGZF_MAKER_H
#define BIGFS_TESTS_BGZF_MAKER_H

#include <zlib.h>

#include "tests/unit/codec_check.h"

enum {
    MADE_BLOCK_MOST = 64 * 1024,
    MADE_HEADER = 12, /* without subfields */
    MADE_TRAILER = 8,
};

/* How a block is written. Zeros: as bgzip would. */
struct made_shape {
    int level;     /* of zlib, or -1: stored */
    size_t before; /* bytes of other subfields before BC: 0, or 4 and more */
    size_t after;
};

/* A compressed file, and the plain bytes in it. */
struct made_file {
    struct codec_bytes file;
    struct codec_bytes plain; /* not read through a codec */
};

static inline void made_free(struct made_file *made)
{
    codec_bytes_free(&made->file);
    codec_bytes_free(&made->plain);
}

/* Adds plain bytes, which may be some that are there already. */
static inline void made_keep_plain(struct made_file *made, const uint8_t *plain, size_t length)
{
    uint8_t *copy = malloc(length + 1);

    assert_non_null(copy);
    memcpy(copy, plain, length);
    codec_bytes_add(&made->plain, copy, length);
    free(copy);
}

/* Bytes that compress more or less. */
static inline void made_fill(struct random *random, uint8_t *bytes, size_t length)
{
    const uint64_t letters = random_chance(random, 20) ? 256 : random_between(random, 1, 30);
    const size_t period = (size_t)random_between(random, 1, 2000);

    for (size_t i = 0; i < length; i++) {
        const bool again = i >= period && i % 32 != 0;
        bytes[i] = again ? bytes[i - period] : (uint8_t)('\n' + random_below(random, letters));
    }
}

static inline void made_put_u16(uint8_t *bytes, uint64_t number)
{
    bytes[0] = (uint8_t)number;
    bytes[1] = (uint8_t)(number >> 8);
}

static inline void made_put_u32(uint8_t *bytes, uint64_t number)
{
    made_put_u16(bytes, number & 0xffff);
    made_put_u16(bytes + 2, number >> 16);
}

/* A subfield of that size in all, which holds what looks like BC. */
static inline uint8_t *made_subfield(uint8_t *to, size_t size)
{
    if (size == 0)
        return to;
    memcpy(to, "XY", 2);
    made_put_u16(to + 2, size - 4);
    for (size_t i = 4; i < size; i++)
        to[i] = (uint8_t) "BC\2\0"[i % 4];
    return to + size;
}

/* A deflate stream of the bytes, with `window_bits` as zlib has them. Returns its length, or 0. */
static inline size_t made_deflate(const uint8_t *plain, size_t length, int level, int window_bits,
                                  uint8_t *to, size_t room)
{
    z_stream deflater = {.next_in = (z_const Bytef *)plain, .avail_in = (uInt)length};

    assert_int_equal(deflateInit2(&deflater,
                                  level == -1  ? 0
                                  : level == 0 ? 6
                                               : level,
                                  Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    deflater.next_out = to;
    deflater.avail_out = (uInt)room;
    const bool fits = deflate(&deflater, Z_FINISH) == Z_STREAM_END;
    const size_t written = room - deflater.avail_out;
    (void)deflateEnd(&deflater);
    return fits ? written : 0;
}

/* Adds a block. Returns false if it would be too long for one, and adds nothing. */
static inline bool made_try_block(struct made_file *made, const uint8_t *plain, size_t length,
                                  const struct made_shape *shape)
{
    static const uint8_t magic[] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff};
    uint8_t block[MADE_BLOCK_MOST] = {0};
    const size_t subfields = shape->before + 6 + shape->after;

    assert_true(length <= MADE_BLOCK_MOST);
    if (MADE_HEADER + subfields + MADE_TRAILER + 2 > sizeof(block))
        return false;
    memcpy(block, magic, sizeof(magic));
    made_put_u16(block + 10, subfields);
    uint8_t *bc = made_subfield(block + MADE_HEADER, shape->before);
    memcpy(bc, "BC\2\0", 4);
    uint8_t *body = made_subfield(bc + 6, shape->after);
    const size_t room = sizeof(block) - (size_t)(body - block) - MADE_TRAILER;
    const size_t written = made_deflate(plain, length, shape->level, -MAX_WBITS, body, room);
    if (written == 0)
        return false;
    made_put_u32(body + written, crc32(crc32(0, NULL, 0), plain, (uInt)length));
    made_put_u32(body + written + 4, length);
    const size_t size = (size_t)(body - block) + written + MADE_TRAILER;
    made_put_u16(bc + 4, size - 1);
    codec_bytes_add(&made->file, block, size);
    made_keep_plain(made, plain, length);
    return true;
}

static inline void made_block(struct made_file *made, const uint8_t *plain, size_t length)
{
    const struct made_shape usual = {.level = 0};
    assert_true(made_try_block(made, plain, length, &usual));
}

/* The empty block that ends a file. */
static inline void made_end(struct made_file *made)
{
    static const uint8_t marker[] = {0x1f, 0x8b, 8,    4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43,
                                     2,    0,    0x1b, 0, 3, 0, 0, 0, 0, 0,    0, 0, 0,    0};
    codec_bytes_add(&made->file, marker, sizeof(marker));
}

/* A gzip member that is no block. */
static inline void made_member(struct made_file *made, const uint8_t *plain, size_t length)
{
    const size_t room = length + length / 8 + 1000;
    uint8_t *bytes = malloc(room);

    assert_non_null(bytes);
    const size_t written = made_deflate(plain, length, 0, MAX_WBITS + 16, bytes, room);
    assert_true(written > 0);
    codec_bytes_add(&made->file, bytes, written);
    made_keep_plain(made, plain, length);
    free(bytes);
}

static inline struct made_shape made_random_shape(struct random *random)
{
    struct made_shape shape = {.level = (int)random_below(random, 11) - 1};

    if (random_chance(random, 20))
        shape.before = (size_t)random_between(random, 4, random_chance(random, 10) ? 30000 : 40);
    if (random_chance(random, 20))
        shape.after = (size_t)random_between(random, 4, random_chance(random, 10) ? 30000 : 40);
    return shape;
}

/*
 * Adds `size` plain bytes in blocks of random lengths and shapes, empty ones among them. `most`:
 * plain bytes of a block.
 */
static inline void made_random(struct made_file *made, struct random *random, size_t size,
                               size_t most)
{
    uint8_t *plain = malloc(size + 1);

    assert_non_null(plain);
    made_fill(random, plain, size);
    for (size_t at = 0; at < size;) {
        const struct made_shape shape = made_random_shape(random);
        size_t length = (size_t)random_between(random, 1, most);
        if (random_chance(random, 5))
            length = 0;
        length = (size_t)min_u64(length, size - at);
        while (!made_try_block(made, plain + at, length, &shape))
            length /= 2;
        at += length;
    }
    free(plain);
}

#endif
