/* SPDX-License-Identifier: MIT */
/*
 * A file of any bytes is walked through and read, from each place, or is damaged. What liblzma
 * decodes of it is read here too, and nothing else.
 *
 *     input     1 byte      what is made right before: of enum xz_mending
 *               the rest    the file
 *
 * Each part of an xz file has a CRC32, which no input has right by chance. So they are made right,
 * as the first byte says.
 */
#include <stdlib.h>
#include <string.h>

#include "core/codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

#ifdef BIGFS_HAS_XZ
#include <errno.h>

#include "core/base/checked.h"
#include "core/codec/xz.h"
#include "core/codec/xz_parts.h"
#include "core/codec/xz_stream.h"

enum xz_mending {
    MEND_HEADER = 1, /* of the first stream */
    MEND_BLOCK = 2,  /* the header of its first block */
    MEND_FOOTER = 4, /* the last */
    MEND_INDEX = 8,  /* the one before it */
};

enum {
    READ_MOST = 16 * 1024 * 1024,
    MEMORY_MOST = 32 * 1024 * 1024, /* of the first block: what is larger takes too long */
    PLACES_MOST = 64,
    TAIL = 32 * 1024,
};

struct fuzzed {
    const uint8_t *bytes;
    uint64_t size;
    struct codec_place places[PLACES_MOST];
    size_t count;
    uint64_t plain; /* of the last place */
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* --- mending ---------------------------------------------------------------------------------- */

static void put_crc(uint8_t *to, const uint8_t *bytes, size_t length)
{
    const uint32_t crc = lzma_crc32(bytes, length, 0);
    for (unsigned i = 0; i < sizeof(crc); i++)
        to[i] = (uint8_t)(crc >> 8 * i);
}

static void mend_ends(uint8_t *file, size_t size, unsigned mending)
{
    uint8_t *footer = file + size - LZMA_STREAM_HEADER_SIZE;

    if ((mending & MEND_HEADER) != 0) {
        memcpy(file, "\xFD\x37zXZ", 6);
        put_crc(file + 8, file + 6, 2);
    }
    if ((mending & MEND_FOOTER) != 0) {
        memcpy(footer + 10, "YZ", 2);
        put_crc(footer, footer + 4, 6);
    }
}

static void mend(uint8_t *file, size_t size, unsigned mending)
{
    lzma_stream_flags flags;

    if (size < XZ_STREAM_LEAST)
        return;
    mend_ends(file, size, mending);
    const size_t header = ((size_t)file[LZMA_STREAM_HEADER_SIZE] + 1) * XZ_WORD;
    if ((mending & MEND_BLOCK) != 0 && header >= 8 && header < size - LZMA_STREAM_HEADER_SIZE) {
        uint8_t *block = file + LZMA_STREAM_HEADER_SIZE;
        put_crc(block + header - 4, block, header - 4);
    }
    const size_t before = size - LZMA_STREAM_HEADER_SIZE;
    if ((mending & MEND_INDEX) != 0 &&
        lzma_stream_footer_decode(&flags, file + before) == LZMA_OK &&
        flags.backward_size <= before)
        put_crc(file + before - 4, file + before - flags.backward_size,
                (size_t)flags.backward_size - 4);
}

/* --- the test --------------------------------------------------------------------------------- */

static int fuzzed_read(void *argument, void *buffer, size_t length, uint64_t offset)
{
    const struct fuzzed *file = argument;
    require(offset <= file->size && length <= file->size - offset);
    if (length > 0)
        memcpy(buffer, file->bytes + offset, length);
    return 0;
}

static int fuzzed_place(void *argument, const struct codec_place *place)
{
    struct fuzzed *file = argument;
    require(place->file < file->size && place->plain >= file->plain && place->starts_unit);
    require(file->count > 0 || place->plain == 0);
    file->plain = place->plain;
    if (file->count < PLACES_MOST)
        file->places[file->count++] = *place;
    return 0;
}

static int fuzzed_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    (void)argument;
    (void)file;
    require(from < to);
    return 0;
}

/* Reads `length` bytes from a place, up to another one or the end. Returns as stream_read(). */
static int read_place(const struct codec_file *file, const struct codec_place *place,
                      const struct codec_place *next, uint8_t *to, uint64_t length, size_t step)
{
    struct codec_stream *stream = NULL;
    uint64_t memory = 0;

    int error = xz_codec.stream_memory(file, place, &memory);
    require(error == 0 || error == -EBADMSG);
    if (error != 0 || memory > MEMORY_MOST)
        return -EBADMSG;
    require(xz_codec.stream_open(file, place, &stream) == 0);
    for (uint64_t at = 0; error == 0 && at < length; at += step)
        error = xz_codec.stream_read(file, stream, to + at, (size_t)min_u64(step, length - at));
    if (error == 0)
        error = xz_stream_check(file, stream, next);
    require(error == 0 || error == -EBADMSG);
    xz_codec.stream_close(stream);
    return error;
}

/* What liblzma makes of the whole file: whether it is sound, and not too large. */
static bool decode_whole(const struct fuzzed *file, uint8_t *to, uint64_t *length)
{
    lzma_stream coder = LZMA_STREAM_INIT;

    require(lzma_stream_decoder(&coder, 2 * (uint64_t)XZ_MEMORY_MOST,
                                LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK) == LZMA_OK);
    coder.next_in = file->bytes;
    coder.avail_in = (size_t)file->size;
    coder.next_out = to;
    coder.avail_out = READ_MOST;
    const lzma_ret result = lzma_code(&coder, LZMA_FINISH);
    *length = READ_MOST - coder.avail_out;
    lzma_end(&coder);
    return result == LZMA_STREAM_END;
}

static struct codec_walk walk_fuzzed(const struct codec_file *file, const struct codec_sink *sink,
                                     uint64_t most)
{
    struct codec_walk *walk = NULL;

    require(xz_codec.walk_begin(file, NULL, sink, &walk) == 0);
    while (walk->end == CODEC_GOES_ON)
        require(xz_codec.walk_on(walk, most) == 0);
    const struct codec_walk ended = *walk;
    xz_codec.walk_free(walk);
    require(ended.file <= file->size && ended.plain <= OFFSET_MAX);
    return ended;
}

/* Reads each part, and each that is right must be so for liblzma, if the file is sound for it. */
static void try_parts(const struct fuzzed *fuzzed, const struct codec_file *file, uint64_t plain,
                      uint8_t *got, const uint8_t *wanted)
{
    for (size_t i = 0; i < fuzzed->count; i++) {
        const struct codec_place *place = &fuzzed->places[i];
        const struct codec_place *next = i + 1 < fuzzed->count ? place + 1 : NULL;
        const uint64_t length = (next != NULL ? next->plain : plain) - place->plain;
        if (length > READ_MOST || (next == NULL && fuzzed->count == PLACES_MOST))
            return;
        const int error = read_place(file, place, next, got, length, READ_MOST);
        if (wanted != NULL)
            require(error == 0 && memcmp(got, wanted + place->plain, length) == 0);
    }
}

/*
 * A file that is read through without an error is one that liblzma decodes to the same bytes, and
 * the other way round, unless it needs too much memory.
 */
static void try_file(struct fuzzed *fuzzed, size_t step, uint8_t *got, uint8_t *wanted)
{
    const struct codec_file file = {fuzzed_read, fuzzed, fuzzed->size};
    const struct codec_sink sink = {fuzzed, fuzzed_place, NULL, fuzzed_damage, false};
    const struct codec_walk walk = walk_fuzzed(&file, &sink, step);
    const size_t tail = (size_t)min_u64(fuzzed->size, TAIL);
    (void)xz_codec.can_be_cut(&file, fuzzed->bytes + fuzzed->size - tail, tail);
    const bool is_whole = walk.end == CODEC_WHOLE || walk.end == CODEC_START_ALONE;
    uint64_t length = 0;
    uint64_t memory = 0;

    const bool sound = decode_whole(fuzzed, wanted, &length);
    require(!sound || (is_whole && walk.plain == length && fuzzed->count > 0));
    if (fuzzed->count == 0 || xz_codec.stream_memory(&file, &fuzzed->places[0], &memory) != 0 ||
        memory > MEMORY_MOST)
        return;
    if (is_whole && walk.plain <= READ_MOST) {
        const int error = read_place(&file, &fuzzed->places[0], NULL, got, walk.plain, step);
        require((error == 0) == sound);
        require(error != 0 || memcmp(got, wanted, length) == 0);
    }
    const struct codec_file complete = {fuzzed_read, fuzzed, walk.file};
    try_parts(fuzzed, &complete, walk.plain, got, sound ? wanted : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    static uint8_t got[READ_MOST];
    static uint8_t wanted[READ_MOST];

    if (length < 2)
        return 0;
    uint8_t *bytes = malloc(length - 1);
    require(bytes != NULL);
    memcpy(bytes, input + 1, length - 1);
    mend(bytes, length - 1, input[0]);
    struct fuzzed fuzzed = {.bytes = bytes, .size = length - 1};
    try_file(&fuzzed, (size_t)(input[0] >> 4) * 1000 + 7, got, wanted);
    free(bytes);
    return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    (void)input;
    (void)length;
    return 0;
}
#endif
