/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz.h"

#include <lzma.h>

#include "core/codec/xz_stream.h"
#include "core/codec/xz_walk.h"

/* What comes after the header is the walk's business. */
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

const struct codec xz_codec = {
    .name = "xz",
    .number = 4,
    .library = "liblzma " LZMA_VERSION_STRING,
    .advice = "xz -T0, or xz --block-size=16MiB",
    .checks_when_read = true,
    .recognises = xz_recognises,
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
