/* SPDX-License-Identifier: MIT */
/* Shared by the tests of gzip_codec: contents, and gzip members that are made in odd ways. */
#ifndef BIGFS_TESTS_GZIP_MADE_H
#define BIGFS_TESTS_GZIP_MADE_H

#include <stdio.h>
#include <zlib.h>

#include "core/codec/gzip.h"
#include "tests/unit/codec_check.h"

enum content_kind { TEXT, ZEROS, NOISE, MIXED, CONTENT_KINDS };

static inline void fill_stretch(struct random *random, enum content_kind kind, uint8_t *plain,
                                size_t length)
{
    size_t at = 0;
    if (kind == ZEROS)
        memset(plain, 0, length);
    for (; kind == NOISE && at < length; at++)
        plain[at] = (uint8_t)random_next(random);
    while (kind != ZEROS && at < length) {
        char line[80];
        const int got =
            snprintf(line, sizeof(line), "%04x GET /item/%03d?ref=%x status=%d\n",
                     (unsigned)random_below(random, 65536), (int)random_below(random, 1000),
                     (unsigned)random_below(random, 1u << 24), 200 + (int)random_below(random, 5));
        const size_t part = min_u64((size_t)got, length - at);
        memcpy(plain + at, line, part);
        at += part;
    }
}

/* Returns bytes of that kind, which the caller frees. */
static inline uint8_t *make_content(struct random *random, enum content_kind kind, size_t length)
{
    uint8_t *plain = malloc(length + 1);
    assert_non_null(plain);
    for (size_t at = 0, part = 0; at < length; at += part) {
        part = min_u64(kind == MIXED ? random_between(random, 1, 200000) : length, length - at);
        fill_stretch(random, kind == MIXED ? (enum content_kind)random_below(random, MIXED) : kind,
                     plain + at, part);
    }
    return plain;
}

/* How a member is made. Zeros: as it comes, but level 0 is to be asked for. */
struct gzip_way {
    int level;
    int strategy;
    int memory;        /* memLevel; 0: 8 */
    int bits;          /* of the window; 0: 15 */
    int flush;         /* Z_SYNC_FLUSH and others */
    size_t flush_each; /* after so many plain bytes; 0: never */
    gz_header *header; /* NULL: the shortest */
};

static inline void deflate_all(z_stream *stream, int flush, struct codec_bytes *file)
{
    static uint8_t out[256 * 1024];
    do {
        stream->next_out = out;
        stream->avail_out = sizeof(out);
        (void)deflate(stream, flush);
        codec_bytes_add(file, out, sizeof(out) - stream->avail_out);
    } while (stream->avail_out == 0);
}

static inline void add_member(struct codec_bytes *file, const uint8_t *plain, size_t length,
                              const struct gzip_way *way)
{
    z_stream stream = {.next_in = NULL};
    assert_int_equal(deflateInit2(&stream, way->level, Z_DEFLATED,
                                  16 + (way->bits == 0 ? 15 : way->bits),
                                  way->memory == 0 ? 8 : way->memory, way->strategy),
                     Z_OK);
    if (way->header != NULL)
        assert_int_equal(deflateSetHeader(&stream, way->header), Z_OK);
    for (size_t at = 0, part = 0; way->flush_each > 0 && at < length; at += part) {
        part = min_u64(way->flush_each, length - at);
        stream.next_in = (uint8_t *)plain + at;
        stream.avail_in = (uInt)part;
        deflate_all(&stream, way->flush, file);
    }
    if (way->flush_each == 0) {
        stream.next_in = (uint8_t *)plain;
        stream.avail_in = (uInt)length;
    }
    deflate_all(&stream, Z_FINISH, file);
    (void)deflateEnd(&stream);
}

static inline void add_plainly(struct codec_bytes *file, const uint8_t *plain, size_t length)
{
    const struct gzip_way way = {.level = 2};
    add_member(file, plain, length, &way);
}

static inline void add_word(struct codec_bytes *file, uint64_t word)
{
    const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                              (uint8_t)(word >> 24)};
    codec_bytes_add(file, bytes, sizeof(bytes));
}

/* Bits that are put together, the lowest first. */
struct bit_writer {
    uint8_t *bytes;
    size_t length;
    unsigned used; /* bits of the last byte */
};

static inline void put_bits(struct bit_writer *writer, unsigned bits, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (writer->used == 0)
            writer->bytes[writer->length++] = 0;
        writer->bytes[writer->length - 1] |= (uint8_t)((bits >> i & 1) << writer->used);
        writer->used = (writer->used + 1) % 8;
    }
}

/* Codes have their highest bit first. */
static inline void put_code(struct bit_writer *writer, unsigned code, unsigned count)
{
    for (unsigned i = count; i-- > 0;)
        put_bits(writer, code >> i & 1, 1);
}

static inline void put_literal(struct bit_writer *writer, uint8_t byte)
{
    if (byte < 144)
        put_code(writer, 0x30u + byte, 8);
    else
        put_code(writer, 0x190u + byte - 144, 9);
}

/* A member of one block with fixed codes: literals, and matches of 258 bytes at a distance of 1. */
static inline void add_long_block(struct codec_bytes *file, const uint8_t *plain, size_t length)
{
    static const uint8_t header[10] = {0x1f, 0x8b, 8};
    struct bit_writer writer = {malloc(length * 2 + 100), 0, 0};
    assert_non_null(writer.bytes);
    put_bits(&writer, 1 | 1 << 1, 3);
    for (size_t at = 0; at < length;) {
        put_literal(&writer, plain[at++]);
        while (length - at >= 258 && memcmp(plain + at - 1, plain + at, 258) == 0) {
            put_code(&writer, 0xc5, 8); /* length 258 */
            put_code(&writer, 0, 5);
            at += 258;
        }
    }
    put_code(&writer, 0, 7);
    codec_bytes_add(file, header, sizeof(header));
    codec_bytes_add(file, writer.bytes, writer.length);
    add_word(file, crc32_z(0, plain, length));
    add_word(file, length);
    free(writer.bytes);
}

#endif
