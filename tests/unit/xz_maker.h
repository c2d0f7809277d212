/* SPDX-License-Identifier: MIT */
/* Makes xz files block by block, as the tests want them, with the encoders of liblzma. */
#ifndef BIGFS_TESTS_XZ_MAKER_H
#define BIGFS_TESTS_XZ_MAKER_H

#include <lzma.h>

#include "tests/unit/codec_check.h"

/* How streams and their blocks are made. */
struct xz_manner {
    lzma_check check;
    uint32_t preset;     /* but for the dictionary: */
    uint32_t dictionary; /* 0: the least, as memory of large ones takes time */
    bool sizes;          /* the headers of blocks tell how long they are */
    lzma_vli before;     /* a filter before LZMA2; 0: none */
    size_t block_size;   /* plain bytes */
    uint64_t misstated;  /* the index says so many plain bytes more of each block */
};

/* Encodes a block without sizes in its header. Returns how long it is. */
static inline size_t xz_encode_unsized(lzma_block *block, const uint8_t *plain, size_t size,
                                       uint8_t *bytes, size_t room)
{
    lzma_stream coder = LZMA_STREAM_INIT;

    assert_int_equal(lzma_block_header_size(block), LZMA_OK);
    assert_int_equal(lzma_block_header_encode(block, bytes), LZMA_OK);
    assert_int_equal(lzma_block_encoder(&coder, block), LZMA_OK);
    coder.next_in = plain;
    coder.avail_in = size;
    coder.next_out = bytes + block->header_size;
    coder.avail_out = room - block->header_size;
    assert_int_equal(lzma_code(&coder, LZMA_FINISH), LZMA_STREAM_END);
    const size_t left = coder.avail_out;
    lzma_end(&coder);
    return room - left;
}

static inline size_t xz_encode_block(lzma_block *block, bool sizes, const uint8_t *plain,
                                     size_t size, uint8_t *bytes, size_t room)
{
    size_t length = 0;

    block->compressed_size = sizes ? room : LZMA_VLI_UNKNOWN;
    block->uncompressed_size = sizes ? size : LZMA_VLI_UNKNOWN;
    if (!sizes)
        return xz_encode_unsized(block, plain, size, bytes, room);
    assert_int_equal(lzma_block_buffer_encode(block, NULL, plain, size, bytes, &length, room),
                     LZMA_OK);
    return length;
}

static inline void xz_add_block(struct codec_bytes *file, const struct xz_manner *manner,
                                const uint8_t *plain, size_t size, lzma_index *index)
{
    lzma_options_lzma lzma;
    lzma_options_delta delta = {.type = LZMA_DELTA_TYPE_BYTE, .dist = 3};
    lzma_filter filters[3] = {{.id = LZMA_VLI_UNKNOWN}};
    lzma_block block = {.version = 1, .check = manner->check, .filters = filters};
    const size_t room = lzma_block_buffer_bound(size) + 4096;
    uint8_t *bytes = malloc(room);
    size_t used = 0;

    assert_non_null(bytes);
    assert_false(lzma_lzma_preset(&lzma, manner->preset));
    lzma.dict_size = manner->dictionary != 0 ? manner->dictionary : LZMA_DICT_SIZE_MIN;
    if (manner->before != 0)
        filters[used++] =
            (lzma_filter){manner->before, manner->before == LZMA_FILTER_DELTA ? &delta : NULL};
    filters[used++] = (lzma_filter){LZMA_FILTER_LZMA2, &lzma};
    filters[used] = (lzma_filter){.id = LZMA_VLI_UNKNOWN};
    codec_bytes_add(file, bytes, xz_encode_block(&block, manner->sizes, plain, size, bytes, room));
    assert_int_equal(lzma_index_append(index, NULL, lzma_block_unpadded_size(&block),
                                       block.uncompressed_size + manner->misstated),
                     LZMA_OK);
    free(bytes);
}

static inline void xz_add_header(struct codec_bytes *file, lzma_check check)
{
    const lzma_stream_flags flags = {.check = check};
    uint8_t bytes[LZMA_STREAM_HEADER_SIZE];
    assert_int_equal(lzma_stream_header_encode(&flags, bytes), LZMA_OK);
    codec_bytes_add(file, bytes, sizeof(bytes));
}

/* Adds an index and a footer. */
static inline void xz_add_end(struct codec_bytes *file, lzma_check check, const lzma_index *index)
{
    const lzma_stream_flags flags = {.check = check, .backward_size = lzma_index_size(index)};
    const size_t size = (size_t)lzma_index_size(index);
    uint8_t *bytes = malloc(size + LZMA_STREAM_HEADER_SIZE);
    size_t length = 0;
    assert_non_null(bytes);
    assert_int_equal(lzma_index_buffer_encode(index, bytes, &length, size), LZMA_OK);
    assert_int_equal(lzma_stream_footer_encode(&flags, bytes + size), LZMA_OK);
    codec_bytes_add(file, bytes, size + LZMA_STREAM_HEADER_SIZE);
    free(bytes);
}

static inline void xz_add_stream(struct codec_bytes *file, const struct xz_manner *manner,
                                 const uint8_t *plain, size_t size)
{
    lzma_index *index = lzma_index_init(NULL);
    assert_non_null(index);
    xz_add_header(file, manner->check);
    for (size_t at = 0; at < size; at += manner->block_size)
        xz_add_block(file, manner, plain + at, (size_t)min_u64(manner->block_size, size - at),
                     index);
    xz_add_end(file, manner->check, index);
    lzma_index_end(index, NULL);
}

static inline void xz_add_zeros(struct codec_bytes *file, size_t length)
{
    uint8_t *zeros = calloc(length + 1, 1);
    assert_non_null(zeros);
    codec_bytes_add(file, zeros, length);
    free(zeros);
}

/*
 * Words of a few letters, stretches of chance, and for the most part what was there a while ago:
 * so that it does not take long.
 */
static inline uint8_t *xz_plain(struct random *random, size_t size)
{
    uint8_t *plain = malloc(size + 1);
    size_t at = 0;
    assert_non_null(plain);
    while (at < size) {
        const bool again = at > 0 && random_chance(random, 70);
        const uint64_t most = again ? 30000 : 3000;
        const size_t end = at + (size_t)min_u64(size - at, random_between(random, 1, most));
        const uint64_t letters = random_chance(random, 20) ? 256 : random_between(random, 1, 4);
        const size_t back = (size_t)random_between(random, 1, min_u64(max_u64(at, 1), 4000));
        for (; at < end; at++)
            plain[at] = again ? plain[at - back] : (uint8_t)('a' + random_below(random, letters));
    }
    return plain;
}

#endif
