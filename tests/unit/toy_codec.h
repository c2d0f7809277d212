/* SPDX-License-Identifier: MIT */
/*
 * A codec for tests of what uses codecs. Its units are
 *
 *     | 'U' | plain length (4) | sum of plain bytes (4) | plain bytes, each xor 0x55 |
 *
 * and it counts what is decoded.
 */
#ifndef BIGFS_TESTS_TOY_CODEC_H
#define BIGFS_TESTS_TOY_CODEC_H

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/codec/codec.h"
#include "tests/unit/support.h"

enum { TOY_HEADER = 9, TOY_MEMORY = 300 * 1000, TOY_STEP = 200 * 1000 };

static atomic_ullong toy_decoded;             /* plain bytes */
static atomic_uint toy_streams;               /* that are open */
static atomic_uint toy_most;                  /* of them, ever */
static atomic_ullong toy_memory = TOY_MEMORY; /* of a stream */

struct toy_walk {
    struct codec_walk walk;
    const struct codec_file *file;
    const struct codec_sink *sink;
    uint64_t last;
    bool placed;
};

static int toy_begin(const struct codec_file *file, const struct codec_place *from,
                     const struct codec_sink *sink, struct codec_walk **walk)
{
    struct toy_walk *toy = calloc(1, sizeof(*toy));
    if (toy == NULL)
        return -ENOMEM;
    toy->file = file;
    toy->sink = sink;
    if (from != NULL) {
        toy->walk.file = from->file;
        toy->walk.plain = from->plain;
    }
    *walk = &toy->walk;
    return 0;
}

static int toy_header(const struct codec_file *file, uint64_t at, uint32_t *length, uint32_t *sum)
{
    uint8_t header[TOY_HEADER];
    if (file->size - at < TOY_HEADER)
        return -EBADMSG;
    int error = file->read(file->argument, header, sizeof(header), at);
    memcpy(length, header + 1, 4);
    memcpy(sum, header + 5, 4);
    return error == 0 && header[0] != 'U' ? -EBADMSG : error;
}

static int toy_place(struct toy_walk *toy)
{
    const struct codec_place place = {
        .file = toy->walk.file, .plain = toy->walk.plain, .starts_unit = true};
    if (toy->placed && !toy->sink->every_unit && place.plain - toy->last < TOY_STEP)
        return 0;
    toy->placed = true;
    toy->last = place.plain;
    return toy->sink->place(toy->sink->argument, &place);
}

static int toy_walk_on(struct codec_walk *walk, uint64_t most)
{
    struct toy_walk *toy = (struct toy_walk *)(void *)walk;
    const uint64_t stop = walk->file + most;
    int error = 0;

    while (error == 0 && walk->end == CODEC_GOES_ON && walk->file < stop) {
        uint32_t length = 0;
        uint32_t sum = 0;
        if (walk->file == toy->file->size) {
            walk->end = CODEC_WHOLE;
            break;
        }
        error = toy_header(toy->file, walk->file, &length, &sum);
        if (error == -EBADMSG) {
            walk->end = toy->file->size - walk->file < TOY_HEADER ? CODEC_CUT : CODEC_LOST;
            return 0;
        }
        if (error == 0 && toy->file->size - walk->file - TOY_HEADER < length) {
            walk->end = CODEC_CUT;
            return 0;
        }
        if (error == 0)
            error = toy_place(toy);
        walk->file += TOY_HEADER + length;
        walk->plain += length;
    }
    return error;
}

static void toy_walk_free(struct codec_walk *walk)
{
    free(walk);
}

static int toy_stream_memory(const struct codec_file *file, const struct codec_place *from,
                             uint64_t *bytes)
{
    (void)file;
    (void)from;
    *bytes = atomic_load(&toy_memory);
    return 0;
}

struct codec_stream {
    uint64_t file;
    uint32_t left; /* of the unit */
    uint32_t sum;
    uint32_t wanted;
    bool skipped; /* some of the unit, which so cannot be checked */
};

static int toy_open(const struct codec_file *file, const struct codec_place *from,
                    struct codec_stream **stream)
{
    (void)file;
    *stream = calloc(1, sizeof(**stream));
    if (*stream == NULL)
        return -ENOMEM;
    (*stream)->file = from->file;
    unsigned open = atomic_fetch_add(&toy_streams, 1) + 1;
    unsigned most = atomic_load(&toy_most);
    while (open > most && !atomic_compare_exchange_weak(&toy_most, &most, open))
        continue;
    return 0;
}

static int toy_next_unit(const struct codec_file *file, struct codec_stream *stream)
{
    int error = toy_header(file, stream->file, &stream->left, &stream->wanted);
    stream->file += TOY_HEADER;
    stream->sum = 0;
    stream->skipped = false;
    return error;
}

/* Copies bytes and makes coded ones plain, or plain ones coded. Returns the sum of the plain ones.
 */
UNWATCHED static uint32_t toy_code(uint8_t *to, const uint8_t *from, size_t length, bool decode)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        const uint8_t coded = from[i] ^ 0x55;
        sum += decode ? coded : from[i];
        to[i] = coded;
    }
    return sum;
}

static int toy_read(const struct codec_file *file, struct codec_stream *stream, uint8_t *plain,
                    size_t length)
{
    while (length > 0) {
        int error = stream->left == 0 ? toy_next_unit(file, stream) : 0;
        const size_t part = length < stream->left ? length : stream->left;
        if (error == 0)
            error = file->read(file->argument, plain, part, stream->file);
        if (error != 0)
            return error;
        stream->sum += toy_code(plain, plain, part, true);
        stream->file += part;
        stream->left -= (uint32_t)part;
        plain += part;
        length -= part;
        atomic_fetch_add(&toy_decoded, part);
        if (stream->left == 0 && !stream->skipped && stream->sum != stream->wanted)
            return -EBADMSG;
    }
    return 0;
}

static inline int toy_skip(const struct codec_file *file, struct codec_stream *stream,
                           uint64_t length)
{
    while (length > 0) {
        int error = stream->left == 0 ? toy_next_unit(file, stream) : 0;
        if (error != 0)
            return error;
        const uint32_t part = length < stream->left ? (uint32_t)length : stream->left;
        stream->file += part;
        stream->left -= part;
        stream->skipped = stream->skipped || part > 0;
        length -= part;
    }
    return 0;
}

/* Passes empty units. */
static inline int toy_check(const struct codec_file *file, struct codec_stream *stream,
                            const struct codec_place *next)
{
    const uint64_t end = next != NULL ? next->file : file->size;
    int error = 0;

    while (error == 0 && stream->left == 0 && stream->file < end) {
        error = toy_next_unit(file, stream);
        if (error == 0 && stream->left == 0 && stream->wanted != 0)
            error = -EBADMSG;
    }
    return error == 0 && (stream->left > 0 || stream->file != end) ? -EBADMSG : error;
}

static void toy_close(struct codec_stream *stream)
{
    if (stream != NULL)
        atomic_fetch_sub(&toy_streams, 1);
    free(stream);
}

#define TOY_CODEC(checks) TOY_CODEC_WITH(checks, NULL, NULL)

/* `skip`: NULL or toy_skip. `check`: NULL or toy_check. */
#define TOY_CODEC_WITH(checks, skip, check)                                                        \
    {                                                                                              \
        .name = "toy", .library = "none", .checks_when_read = (checks), .walk_begin = toy_begin,   \
        .walk_on = toy_walk_on, .walk_free = toy_walk_free, .stream_memory = toy_stream_memory,    \
        .stream_open = toy_open, .stream_read = toy_read, .stream_skip = (skip),                   \
        .stream_check = (check), .stream_close = toy_close,                                        \
    }

/* Adds a unit to a file. */
static inline size_t toy_write(const uint8_t *plain, uint32_t length, uint8_t *file)
{
    const uint32_t sum = toy_code(file + TOY_HEADER, plain, length, false);
    file[0] = 'U';
    memcpy(file + 1, &length, 4);
    memcpy(file + 5, &sum, 4);
    return TOY_HEADER + length;
}

#endif
