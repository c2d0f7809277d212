/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz.h"

#include <lzma.h>
#include <string.h>

#include "core/codec/xz_parts.h"
#include "core/codec/xz_stream.h"
#include "core/codec/xz_walk.h"

/* The walk looks at what comes after the header. */
static bool xz_recognises(const struct codec_file *file, const uint8_t *head, size_t head_length,
                          const uint8_t *tail, size_t tail_length)
{
    lzma_stream_flags flags;

    (void)file;
    (void)tail;
    (void)tail_length;
    return head_length >= LZMA_STREAM_HEADER_SIZE &&
           lzma_stream_header_decode(&flags, head) == LZMA_OK;
}

/* Where the last stream ends in the tail: padding comes after it. 0: there is none. */
static size_t xz_last_stream_end(const uint8_t *tail, size_t length)
{
    static const uint8_t zeros[XZ_WORD] = {0};

    while (length >= XZ_WORD && memcmp(tail + length - XZ_WORD, zeros, XZ_WORD) == 0)
        length -= XZ_WORD;
    return length >= LZMA_STREAM_HEADER_SIZE ? length : 0;
}

/*
 * Whether the last stream has several blocks, or little in its one, or others before it. Its index
 * tells, or that this is longer than one of one block can be.
 */
static bool xz_can_be_cut(const struct codec_file *file, const uint8_t *tail, size_t tail_length)
{
    enum { INDEX_OF_ONE_MOST = 28 };
    const size_t end = xz_last_stream_end(tail, tail_length);
    lzma_stream_flags footer;
    lzma_index *index = NULL;
    uint64_t memory = UINT64_C(1) << 20;
    size_t at = 0;

    if (end == 0 ||
        lzma_stream_footer_decode(&footer, tail + end - LZMA_STREAM_HEADER_SIZE) != LZMA_OK)
        return false;
    if (footer.backward_size > INDEX_OF_ONE_MOST)
        return true;
    const size_t index_end = end - LZMA_STREAM_HEADER_SIZE;
    if (footer.backward_size > index_end ||
        lzma_index_buffer_decode(&index, &memory, NULL, tail + index_end - footer.backward_size,
                                 &at, (size_t)footer.backward_size) != LZMA_OK)
        return false;
    const uint64_t before_tail = file->size - tail_length;
    const bool can = lzma_index_block_count(index) != 1 ||
                     lzma_index_uncompressed_size(index) <= CODEC_STEP ||
                     lzma_index_stream_size(index) < before_tail + end;
    lzma_index_end(index, NULL);
    return can;
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
