/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd.h"

#include <zstd.h>

#include "core/codec/zstd_frame.h"
#include "core/codec/zstd_stream.h"
#include "core/codec/zstd_walk.h"

/*
 * Whether there is a frame among the first bytes. Skippable frames alone do not tell: lz4 has them
 * too, and a file of nothing else holds nothing.
 */
static bool zstd_recognises(const struct codec_file *file, const uint8_t *head, size_t head_length,
                            const uint8_t *tail, size_t tail_length)
{
    (void)file;
    (void)tail;
    (void)tail_length;
    return zstd_frame_is_in(head, head_length);
}

const struct codec zstd_codec = {
    .name = "zstd",
    .number = 3,
    .library = "libzstd " ZSTD_VERSION_STRING,
    .advice = "pzstd, or split -b 16M --filter='zstd -c' for many frames",
    .checks_when_read = true,
    .recognises = zstd_recognises,
    .walk_begin = zstd_walk_begin,
    .walk_on = zstd_walk_on,
    .walk_free = zstd_walk_free,
    .stream_memory = zstd_stream_memory,
    .stream_open = zstd_stream_open,
    .stream_read = zstd_stream_read,
    .stream_close = zstd_stream_close,
};
#endif
