/* SPDX-License-Identifier: MIT */
/*
 * Shared by the tests of codecs: a compressed file in memory, what a walk says of it, and checks
 * against the plain bytes that it was made from.
 */
#ifndef BIGFS_TESTS_CODEC_CHECK_H
#define BIGFS_TESTS_CODEC_CHECK_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/codec/codec.h"
#include "tests/unit/support.h"

/* How much memory is had for so many bytes. It doubles, as they come in many small pieces. */
static inline size_t codec_room(uint64_t size)
{
    size_t room = 4096;
    while (room <= size)
        room *= 2;
    return room;
}

/* Adds to bytes that are owned; all of them must have been added by this. */
static inline void codec_add(uint8_t **bytes, uint64_t *size, const void *more, size_t length)
{
    const size_t room = codec_room(*size + length);

    if (*bytes == NULL || room != codec_room(*size))
        *bytes = realloc(*bytes, room);
    assert_non_null(*bytes);
    memcpy(*bytes + *size, more, length);
    *size += length;
}

/* A file in memory. `broken` bytes before its end cannot be read: -EIO. */
struct codec_bytes {
    uint8_t *bytes; /* owned */
    uint64_t size;
    uint64_t broken;
    uint64_t reads; /* how many bytes were read */
};

static inline int codec_bytes_read(void *argument, void *buffer, size_t length, uint64_t offset)
{
    struct codec_bytes *file = argument;
    assert_true(offset <= file->size && length <= file->size - offset);
    if (offset + length > file->size - file->broken)
        return -EIO;
    memcpy(buffer, file->bytes + offset, length);
    file->reads += length;
    return 0;
}

static inline struct codec_file codec_bytes_open(struct codec_bytes *file)
{
    return (struct codec_file){codec_bytes_read, file, file->size};
}

static inline void codec_bytes_add(struct codec_bytes *file, const void *bytes, size_t length)
{
    codec_add(&file->bytes, &file->size, bytes, length);
}

static inline void codec_bytes_repeat(struct codec_bytes *file, const void *bytes, size_t length,
                                      unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        codec_bytes_add(file, bytes, length);
}

static inline void codec_bytes_free(struct codec_bytes *file)
{
    free(file->bytes);
    *file = (struct codec_bytes){.bytes = NULL};
}

/* Whether the end of the file tells that it can be cut. */
static inline bool codec_ends_tell(const struct codec *codec, struct codec_bytes *bytes)
{
    const struct codec_file file = codec_bytes_open(bytes);
    const size_t length = (size_t)min_u64(bytes->size, 32768);
    return codec->can_be_cut(&file, bytes->bytes + bytes->size - length, length);
}

/* What a walk told. */
struct codec_told {
    struct codec_place *places; /* owned, with their aids */
    size_t count;
    uint8_t *plain; /* owned; what the walk decoded */
    uint64_t plain_size;
    uint64_t damaged;      /* how often */
    uint64_t damaged_from; /* the first */
    uint64_t size;         /* plain bytes, at the end */
    uint64_t file;         /* how far it came */
    enum codec_end end;
};

static inline int codec_told_place(void *argument, const struct codec_place *place)
{
    struct codec_told *told = argument;
    told->places = reallocarray(told->places, told->count + 1, sizeof(told->places[0]));
    assert_non_null(told->places);
    struct codec_place *kept = &told->places[told->count++];
    *kept = *place;
    if (place->aid_size > 0) {
        uint8_t *aid = malloc(place->aid_size);
        assert_non_null(aid);
        memcpy(aid, place->aid, place->aid_size);
        kept->aid = aid;
    }
    return 0;
}

static inline int codec_told_plain(void *argument, const uint8_t *bytes, size_t length)
{
    struct codec_told *told = argument;
    codec_add(&told->plain, &told->plain_size, bytes, length);
    return 0;
}

static inline int codec_told_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    struct codec_told *told = argument;
    (void)file;
    assert_true(from <= to);
    if (told->damaged++ == 0)
        told->damaged_from = from;
    return 0;
}

static inline void codec_told_free(struct codec_told *told)
{
    for (size_t i = 0; i < told->count; i++)
        free((uint8_t *)told->places[i].aid);
    free(told->places);
    free(told->plain);
    *told = (struct codec_told){.places = NULL};
}

/* Walks through the file in steps of `most` bytes. Returns an error of the walk. */
static inline int codec_walk_through(const struct codec *codec, struct codec_bytes *bytes,
                                     uint64_t most, struct codec_told *told)
{
    const struct codec_file file = codec_bytes_open(bytes);
    const struct codec_sink sink = {told, codec_told_place, codec_told_plain, codec_told_damage,
                                    false};
    struct codec_walk *walk = NULL;

    *told = (struct codec_told){.places = NULL};
    int error = codec->walk_begin(&file, NULL, &sink, &walk);
    while (error == 0 && walk->end == CODEC_GOES_ON)
        error = codec->walk_on(walk, most);
    if (error == 0) {
        told->size = walk->plain;
        told->file = walk->file;
        told->end = walk->end;
    }
    codec->walk_free(walk);
    return error;
}

/*
 * Reads [start, start + length) from a place in random steps. `to_end`: those are the last bytes of
 * the file, and the stream is asked whether it has come to its end. Returns as stream_read().
 */
static inline int codec_read_on(const struct codec *codec, struct codec_bytes *bytes,
                                const struct codec_place *place, uint64_t start, size_t length,
                                bool to_end, struct random *random, uint8_t *plain)
{
    const struct codec_file file = codec_bytes_open(bytes);
    const uint64_t skip = start - place->plain;
    struct codec_stream *stream = NULL;
    uint64_t memory = 0;
    uint8_t *all = malloc(skip + length + 1);

    assert_non_null(all);
    int error = codec->stream_memory(&file, place, &memory);
    if (error == 0)
        error = codec->stream_open(&file, place, &stream);
    for (uint64_t at = 0; error == 0 && at < skip + length;) {
        const uint64_t step = random_chance(random, 50) ? random_between(random, 1, 100)
                                                        : random_between(random, 1, 300000);
        const size_t part = (size_t)min_u64(step, skip + length - at);
        error = codec->stream_read(&file, stream, all + at, part);
        at += part;
    }
    if (error == 0 && to_end && codec->stream_check != NULL)
        error = codec->stream_check(&file, stream, NULL);
    codec->stream_close(stream);
    if (error == 0)
        memcpy(plain, all + skip, length);
    free(all);
    return error;
}

static inline int codec_read_from(const struct codec *codec, struct codec_bytes *bytes,
                                  const struct codec_place *place, uint64_t start, size_t length,
                                  struct random *random, uint8_t *plain)
{
    return codec_read_on(codec, bytes, place, start, length, false, random, plain);
}

/* The last place at or before a plain offset. */
static inline const struct codec_place *codec_place_before(const struct codec_told *told,
                                                           uint64_t plain)
{
    size_t i = told->count - 1;
    while (told->places[i].plain > plain)
        i--;
    return &told->places[i];
}

/*
 * Checks a whole file: its places are in order and not too many, its size is right, and random
 * ranges and all bytes are as they were.
 */
static inline void codec_check_whole(const struct codec *codec, struct codec_bytes *bytes,
                                     const uint8_t *plain, uint64_t size, struct random *random)
{
    struct codec_told told;
    uint8_t *got = malloc(size + 1);

    assert_non_null(got);
    assert_int_equal(codec_walk_through(codec, bytes, random_between(random, 1, 100000), &told), 0);
    assert_int_equal(told.end, CODEC_WHOLE);
    assert_int_equal(told.size, size);
    assert_int_equal(told.file, bytes->size);
    assert_int_equal(told.damaged, 0);
    assert_true(told.count >= 1 && told.places[0].plain == 0);
    for (size_t i = 1; i < told.count; i++) {
        assert_true(told.places[i].plain >= told.places[i - 1].plain);
        assert_true(told.places[i].plain - told.places[i - 1].plain >= CODEC_STEP ||
                    told.places[i].file - told.places[i - 1].file >= CODEC_FILE_STEP);
    }
    if (told.plain_size > 0) {
        assert_int_equal(told.plain_size, size);
        assert_memory_equal(told.plain, plain, size);
    }
    for (unsigned i = 0; i < 5 && size > 0; i++) {
        const uint64_t start = i == 0 ? 0 : random_below(random, size);
        const size_t length =
            (size_t)(i == 0 ? size : random_below(random, min_u64(size - start, 500000)) + 1);
        assert_int_equal(codec_read_from(codec, bytes, codec_place_before(&told, start), start,
                                         length, random, got),
                         0);
        assert_memory_equal(got, plain + start, length);
    }
    codec_told_free(&told);
    free(got);
}

/*
 * Reads what a damaged file gives, unit by unit: each byte is right, or an error comes. `plain` is
 * what it held. Of a codec that checks when it reads, bytes before an error do not count.
 */
static inline void codec_check_damaged(const struct codec *codec, struct codec_bytes *bytes,
                                       const uint8_t *plain, uint64_t size, struct random *random)
{
    struct codec_told told;
    uint8_t *got = NULL;

    int error = codec_walk_through(codec, bytes, 1000, &told);
    assert_true(error == 0 || error == -EIO || error == -EBADMSG || error == -ENOMEM);
    if (error == 0 && told.end == CODEC_WHOLE && told.damaged > 0)
        assert_int_equal(told.size, size); /* what follows the damage is where it was */
    if (error != 0 || told.size == 0 || told.size > size + 1000000 || told.damaged > 0) {
        codec_told_free(&told);
        return;
    }
    got = malloc(told.size + 1);
    assert_non_null(got);
    error = codec_read_on(codec, bytes, &told.places[0], 0, (size_t)told.size,
                          told.end == CODEC_WHOLE, random, got);
    if (error == 0) {
        assert_true(told.size <= size);
        assert_memory_equal(got, plain, told.size);
    }
    codec_told_free(&told);
    free(got);
}

#endif
