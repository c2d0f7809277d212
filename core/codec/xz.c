/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz.h"

#include <lzma.h>
#include <string.h>

#include "core/codec/xz_parts.h"
#include "core/codec/xz_stream.h"
#include "core/codec/xz_walk.h"

/* The walk looks at what comes after the header. */
static bool xz_recognises(const uint8_t *head, size_t length)
{
    lzma_stream_flags flags;

    return length >= LZMA_STREAM_HEADER_SIZE && lzma_stream_header_decode(&flags, head) == LZMA_OK;
}

/* Where the last stream ends in the tail: padding comes after it. 0: there is none. */
static size_t xz_last_stream_end(const uint8_t *tail, size_t length)
{
    static const uint8_t zeros[XZ_WORD] = {0};

    while (length >= XZ_WORD && memcmp(tail + length - XZ_WORD, zeros, XZ_WORD) == 0)
        length -= XZ_WORD;
    return length >= LZMA_STREAM_HEADER_SIZE ? length : 0;
}

/* Reads the index of a stream that ends there in the tail, if it lies there. NULL: it does not. */
static lzma_index *xz_index_in_tail(const uint8_t *tail, size_t end, size_t size)
{
    uint64_t memory = UINT64_C(8) << 20;
    lzma_index *index = NULL;
    size_t at = 0;

    if (size > end ||
        lzma_index_buffer_decode(&index, &memory, NULL, tail + end - size, &at, size) != LZMA_OK)
        return NULL;
    return index;
}

/* How many blocks have bytes: none, one, or two for more than one. */
static unsigned xz_blocks_with_bytes(const lzma_index *index)
{
    lzma_index_iter place;
    unsigned blocks = 0;

    lzma_index_iter_init(&place, index);
    while (blocks < 2 && lzma_index_iter_next(&place, LZMA_INDEX_ITER_NONEMPTY_BLOCK) == 0)
        blocks++;
    return blocks;
}

/* Whether the first stream of the file begins with a block, and not with its index. */
static bool xz_begins_with_block(const struct codec_file *file)
{
    uint8_t byte = 0;
    return file->size > LZMA_STREAM_HEADER_SIZE &&
           file->read(file->argument, &byte, 1, LZMA_STREAM_HEADER_SIZE) == 0 && byte != 0;
}

/*
 * Whether the last stream has several blocks, or little in its one; or one, and others come before.
 * An index that is longer than the tail has thousands of blocks.
 */
static bool xz_can_be_cut(const struct codec_file *file, const uint8_t *tail, size_t tail_length)
{
    const size_t end = xz_last_stream_end(tail, tail_length);
    lzma_stream_flags footer;

    if (end == 0 ||
        lzma_stream_footer_decode(&footer, tail + end - LZMA_STREAM_HEADER_SIZE) != LZMA_OK)
        return false;
    if (footer.backward_size > tail_length)
        return true;
    lzma_index *index =
        xz_index_in_tail(tail, end - LZMA_STREAM_HEADER_SIZE, (size_t)footer.backward_size);
    if (index == NULL)
        return false;
    const unsigned blocks = xz_blocks_with_bytes(index);
    const bool is_only = lzma_index_stream_size(index) >= file->size - tail_length + end;
    const bool is_short = lzma_index_uncompressed_size(index) <= CODEC_STEP;
    lzma_index_end(index, NULL);
    return blocks > 1 || (is_only ? is_short : blocks == 1 && xz_begins_with_block(file));
}

const struct codec xz_codec = {
    .name = "xz",
    .library = "liblzma " LZMA_VERSION_STRING,
    .advice = "xz -T0, or xz --block-size=16MiB",
    .checks_when_read = true,
    .recognises = xz_recognises,
    .can_be_cut = xz_can_be_cut,
    .walk_begin = xz_walk_begin,
    .walk_on = xz_walk_on,
    .walk_free = xz_walk_free,
    .stream_memory = xz_stream_memory,
    .stream_open = xz_stream_open,
    .stream_read = xz_stream_read,
    .stream_check = xz_stream_check,
    .stream_close = xz_stream_close,
};
#endif
