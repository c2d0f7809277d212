/* SPDX-License-Identifier: MIT */
/*
 * A zstd file of any bytes is walked, and what the walk has found is read: each place gives the
 * bytes that the start gives, or an error. What is whole for us is what libzstd gives for it.
 *
 *     input     1 byte      how the walk goes on: in steps of 1 to 2^15 bytes of the file
 *               the rest    the file
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef BIGFS_HAS_ZSTD
#include <zstd.h>

#include "core/base/checked.h"
#include "core/codec/zstd.h"

enum {
    PLAIN_MOST = 4 * CODEC_STEP, /* more is not read */
    PLACES_MOST = 1000,
};

struct input {
    const uint8_t *bytes;
    uint64_t size;
};

/* What the walk told. */
struct told {
    struct codec_place places[PLACES_MOST];
    unsigned count;
    uint64_t damaged; /* plain bytes before the first damage */
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int read_input(void *argument, void *buffer, size_t length, uint64_t offset)
{
    const struct input *input = argument;
    require(offset <= input->size && length <= input->size - offset);
    memcpy(buffer, input->bytes + offset, length);
    return 0;
}

static int take_place(void *argument, const struct codec_place *place)
{
    struct told *told = argument;
    require(place->starts_unit && place->aid_size == 0);
    require(told->count > 0 || place->plain == 0);
    if (told->count > 0) {
        const struct codec_place *before = &told->places[told->count - 1];
        require(place->plain - before->plain >= CODEC_STEP ||
                place->file - before->file >= CODEC_FILE_STEP);
    }
    require(told->count < PLACES_MOST || place->plain > PLAIN_MOST);
    if (told->count < PLACES_MOST)
        told->places[told->count++] = *place;
    return 0;
}

static int take_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    struct told *told = argument;
    require(from <= to);
    (void)file;
    told->damaged = min_u64(told->damaged, from);
    return 0;
}

/* Reads from a place to `end`. Returns whether that went well. */
static bool read_place(const struct codec_file *file, const struct codec_place *place,
                       uint8_t *plain, uint64_t end, uint64_t step)
{
    struct codec_stream *stream = NULL;
    uint64_t memory = 0;
    int error = zstd_codec.stream_memory(file, place, &memory);
    require(error != 0 || memory < UINT64_C(200) << 20);
    if (error == 0)
        error = zstd_codec.stream_open(file, place, &stream);
    for (uint64_t at = place->plain; error == 0 && at < end;) {
        const size_t part = (size_t)min_u64(step, end - at);
        error = zstd_codec.stream_read(file, stream, plain + at, part);
        at += part;
    }
    zstd_codec.stream_close(stream);
    require(error == 0 || error == -EBADMSG || error == -ENOMEM);
    return error == 0;
}

/* What was read of a whole file is what libzstd gives, unless that does not take the file. */
static void compare(const struct input *input, const uint8_t *plain, uint64_t size)
{
    uint8_t *other = malloc(size + 1);
    require(other != NULL);
    const size_t result = ZSTD_decompress(other, size + 1, input->bytes, input->size);
    if (!ZSTD_isError(result))
        require(result == size && memcmp(plain, other, size) == 0);
    free(other);
}

static void read_all(const struct codec_file *file, const struct codec_walk *walk,
                     const struct told *told)
{
    const uint64_t size = min_u64(walk->plain, PLAIN_MOST);
    uint8_t *all = malloc(size + 1);
    uint8_t *part = malloc(size + 1);
    require(all != NULL && part != NULL);
    if (read_place(file, &told->places[0], all, size, 100000)) {
        require(told->damaged >= size);
        for (unsigned i = 0; i < told->count && told->places[i].plain < size; i++) {
            const uint64_t start = told->places[i].plain;
            if (read_place(file, &told->places[i], part, size, i == 0 ? size + 1 : 7777))
                require(memcmp(part + start, all + start, size - start) == 0);
        }
        if (walk->end == CODEC_WHOLE && size == walk->plain)
            compare(file->argument, all, size);
    }
    free(all);
    free(part);
}

static void walk_and_read(const uint8_t *bytes, size_t length)
{
    static struct told told;
    struct input input = {bytes + 1, length - 1};
    const struct codec_file file = {read_input, &input, input.size};
    const struct codec_sink sink = {&told, take_place, NULL, take_damage, false};
    struct codec_walk *walk;

    told.count = 0;
    told.damaged = UINT64_MAX;
    (void)zstd_codec.recognises(input.bytes, input.size);
    (void)zstd_codec.can_be_cut(&file, input.bytes, input.size);
    require(zstd_codec.walk_begin(&file, NULL, &sink, &walk) == 0);
    while (walk->end == CODEC_GOES_ON)
        require(zstd_codec.walk_on(walk, UINT64_C(1) << (bytes[0] & 15)) == 0);
    require(walk->file <= input.size);
    read_all(&file, walk, &told);
    zstd_codec.walk_free(walk);
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
#ifdef BIGFS_HAS_ZSTD
    if (length > 0)
        walk_and_read(bytes, length);
#else
    (void)bytes;
    (void)length;
#endif
    return 0;
}
