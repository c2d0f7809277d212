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
static bool zstd_recognises(const uint8_t *head, size_t length)
{
    return zstd_frame_is_in(head, length);
}

static const uint64_t zstd_table_magic = 0x8F92EAB1;

/* Whether the file ends with a seek table of several frames. */
static bool zstd_has_seek_table(const uint8_t *tail, size_t length)
{
    enum { FOOTER = 9 }; /* how many frames (4), flags (1), magic (4) */
    return length >= FOOTER && zstd_number(tail + length - 4, 4) == zstd_table_magic &&
           zstd_number(tail + length - FOOTER, 4) > 1;
}

static int ignore_place(void *argument, const struct codec_place *place)
{
    (void)argument;
    (void)place;
    return 0;
}

static int ignore_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    (void)argument;
    (void)from;
    (void)to;
    (void)file;
    return 0;
}

/* Whether a short walk finds several frames, or little in one. */
static bool zstd_walks_through(const struct codec_file *file)
{
    const struct codec_sink sink = {NULL, ignore_place, NULL, ignore_damage, false};
    struct codec_walk *walk = NULL;

    bool can = zstd_walk_begin(file, NULL, &sink, &walk) == 0 &&
               zstd_walk_on(walk, file->size + 1) == 0 && walk->end != CODEC_GOES_ON &&
               walk->end != CODEC_START_ALONE;
    zstd_walk_free(walk);
    return can;
}

/* A small file is walked through. Of another, a seek table tells. */
static bool zstd_can_be_cut(const struct codec_file *file, const uint8_t *tail, size_t tail_length)
{
    return file->size <= tail_length ? zstd_walks_through(file)
                                     : zstd_has_seek_table(tail, tail_length);
}

const struct codec zstd_codec = {
    .name = "zstd",
    .library = "libzstd " ZSTD_VERSION_STRING,
    .advice = "pzstd, or split -b 16M --filter='zstd -c' for many frames",
    .checks_when_read = true,
    .recognises = zstd_recognises,
    .can_be_cut = zstd_can_be_cut,
    .walk_begin = zstd_walk_begin,
    .walk_on = zstd_walk_on,
    .walk_free = zstd_walk_free,
    .stream_memory = zstd_stream_memory,
    .stream_open = zstd_stream_open,
    .stream_read = zstd_stream_read,
    .stream_close = zstd_stream_close,
};
#endif
