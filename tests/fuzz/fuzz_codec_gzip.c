/* SPDX-License-Identifier: MIT */
/*
 * A gzip file of any bytes is walked through, and what its places give is what the walk decoded. An
 * aid of any bytes gives some bytes or an error.
 *
 *     input     1 byte      FILE_INPUT, or AID_INPUT
 *               the rest    the file; or the aid of a place in a file that is always the same
 *
 * No aid has a right checksum by chance: it is made right.
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/checked.h"
#include "core/codec/gzip.h"

enum { FILE_INPUT, AID_INPUT };
enum {
    PLAIN_MOST = 5 * 1024 * 1024, /* that is walked through */
    READ_MOST = 2 * 1024 * 1024,  /* from a place */
    PLACES_MOST = 8,              /* that are read from */
    SIMPLE_PLAIN = 200000,
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* --- a file ----------------------------------------------------------------------------------- */

struct input {
    const uint8_t *bytes;
    size_t size;
};

static int read_input(void *argument, void *buffer, size_t length, uint64_t offset)
{
    const struct input *input = argument;
    require(offset <= input->size && length <= input->size - offset);
    memcpy(buffer, input->bytes + offset, length);
    return 0;
}

struct told {
    struct codec_place places[PLACES_MOST]; /* with aids of their own */
    size_t count;
    uint64_t last; /* plain offset of the last place */
    uint8_t *plain;
    size_t size;
    bool damaged;
};

static int tell_place(void *argument, const struct codec_place *place)
{
    struct told *told = argument;
    require(place->plain == told->size && place->plain >= told->last && place->bits < 8);
    require(place->starts_unit == (place->aid_size == 0));
    told->last = place->plain;
    if (told->count == PLACES_MOST)
        return 0;
    uint8_t *aid = malloc(place->aid_size + 1);
    require(aid != NULL);
    if (place->aid_size > 0)
        memcpy(aid, place->aid, place->aid_size);
    told->places[told->count] = *place;
    told->places[told->count++].aid = aid;
    return 0;
}

static int tell_plain(void *argument, const uint8_t *bytes, size_t length)
{
    struct told *told = argument;
    if (length > PLAIN_MOST - told->size)
        return -E2BIG;
    memcpy(told->plain + told->size, bytes, length);
    told->size += length;
    return 0;
}

static int tell_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    struct told *told = argument;
    (void)file;
    require(from <= to && to == told->size);
    told->damaged = true;
    return 0;
}

/* Reads from a place. `wanted` is what must come, unless it is NULL. */
static int read_from(const struct codec_file *file, const struct codec_place *place, size_t length,
                     const uint8_t *wanted)
{
    static uint8_t plain[READ_MOST];
    struct codec_stream *stream = NULL;
    size_t at = 0;

    int error = gzip_codec.stream_open(file, place, &stream);
    for (size_t part = 1; error == 0 && at < length; at += part, part = part * 7 % 100000 + 1) {
        part = length - at < part ? length - at : part;
        error = gzip_codec.stream_read(file, stream, plain + at, part);
    }
    gzip_codec.stream_close(stream);
    require(error == 0 || error == -EBADMSG);
    require(wanted == NULL || error != 0 || memcmp(plain, wanted, length) == 0);
    return error;
}

static void read_places(const struct codec_file *file, const struct told *told, uint64_t size)
{
    for (size_t i = 0; i < told->count; i++) {
        const struct codec_place *place = &told->places[i];
        if (place->plain >= size)
            continue;
        const size_t length = (size_t)min_u64(READ_MOST, size - place->plain);
        const int error = read_from(file, place, length, told->plain + place->plain);
        require(error == 0 || told->damaged);
    }
}

static void try_file(const struct input *input)
{
    static uint8_t plain[PLAIN_MOST];
    struct told told = {.plain = plain};
    const struct codec_file file = {read_input, (void *)input, input->size};
    const struct codec_sink sink = {&told, tell_place, tell_plain, tell_damage, false};
    struct codec_walk *walk = NULL;
    const size_t most = input->size < 40000 ? input->size : 32768;

    (void)gzip_codec.recognises(input->bytes, most);
    require(gzip_codec.walk_begin(&file, NULL, &sink, &walk) == 0);
    int error = 0;
    while (error == 0 && walk->end == CODEC_GOES_ON)
        error = gzip_codec.walk_on(walk, 1 + input->size / 7);
    require(error == 0 || error == -E2BIG);
    require(walk->file <= input->size && walk->unit <= input->size);
    require(walk->plain <= told.size);
    require(walk->end != CODEC_WHOLE || (walk->file == input->size && walk->plain == told.size));
    read_places(&file, &told, walk->plain);
    gzip_codec.walk_free(walk);
    for (size_t i = 0; i < told.count; i++)
        free((uint8_t *)told.places[i].aid);
}

/* --- an aid ----------------------------------------------------------------------------------- */

/* A member of dynamic blocks. Returns its length. */
static size_t make_simple(uint8_t *bytes, size_t room)
{
    static uint8_t plain[SIMPLE_PLAIN];
    z_stream stream = {.next_in = plain, .avail_in = sizeof(plain)};
    for (unsigned i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)("bigfs reads large files\n"[i * i % 251 % 24]);
    require(deflateInit2(&stream, 6, Z_DEFLATED, 31, 1, Z_DEFAULT_STRATEGY) == Z_OK);
    stream.next_out = bytes;
    stream.avail_out = (uInt)room;
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    (void)deflateEnd(&stream);
    return room - stream.avail_out;
}

/* As core/codec/gzip_aid.h says. */
static void mend_aid(const struct codec_place *place, uint8_t *aid, size_t size)
{
    const uint64_t words[2] = {htole64(place->file), htole64(place->plain)};
    uLong crc = crc32_z(0, (const uint8_t *)words, sizeof(words));
    crc = crc32_z(crc, &place->bits, 1);
    crc = crc32_z(crc, aid, 4);
    const uint32_t sum = htole32((uint32_t)crc32_z(crc, aid + 8, size - 8));
    memcpy(aid + 4, &sum, sizeof(sum));
}

/* Three bytes say where the place is. */
static void try_aid(const uint8_t *data, size_t size)
{
    static uint8_t bytes[SIMPLE_PLAIN];
    static size_t length;

    if (length == 0)
        length = make_simple(bytes, sizeof(bytes));
    if (size < 3 + 16)
        return;
    struct input input = {bytes, length};
    const struct codec_file file = {read_input, &input, length};
    uint8_t *aid = malloc(size - 3);
    require(aid != NULL);
    memcpy(aid, data + 3, size - 3);
    const struct codec_place place = {.file = data[0] | (uint64_t)data[1] << 8,
                                      .plain = 1000,
                                      .bits = data[2],
                                      .aid = aid,
                                      .aid_size = (uint32_t)(size - 3)};
    mend_aid(&place, aid, size - 3);
    (void)read_from(&file, &place, 100000, NULL);
    free(aid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct input input = {data + 1, size - 1};

    if (size == 0)
        return 0;
    if (data[0] == AID_INPUT)
        try_aid(data + 1, size - 1);
    else
        try_file(&input);
    return 0;
}
