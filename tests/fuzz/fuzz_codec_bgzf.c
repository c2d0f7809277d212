/* SPDX-License-Identifier: MIT */
/*
 * A BGZF file of any bytes is walked to an end, and each byte that a stream gives is one that
 * gzip -d would give there.
 *
 *     input     1 byte      what is done with the file first: of enum mending
 *               the rest    the file
 *
 * No input has right checksums by chance. So those of the blocks are made right, as the first byte
 * says, and what is after them is reached too.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

#ifdef BIGFS_HAS_GZIP
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "core/base/checked.h"
#include "core/codec/bgzf.h"
#include "core/codec/bgzf_stream.h"

enum mending {
    MEND_TRAILERS = 1, /* CRC32 and ISIZE of all blocks */
    MEND_SIZES = 2,    /* BSIZE too, if it is where it is mostly */
};

enum {
    PLAIN_MOST = 4 * 1024 * 1024, /* an input may hold more, which is not compared */
    STEP = 100,                   /* of a walk */
    WINDOW_OF_GZIP = 15 + 16,
    WINDOW_OF_DEFLATE = -15,
};

/* A file in memory. */
struct image {
    uint8_t *bytes; /* owned */
    size_t length;
};

static uint8_t expected[PLAIN_MOST];
static uint8_t given[PLAIN_MOST];

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int read_image(void *argument, void *buffer, size_t length, uint64_t offset)
{
    const struct image *image = argument;
    require(length > 0 && offset <= image->length && length <= image->length - offset);
    memcpy(buffer, image->bytes + offset, length);
    return 0;
}

/* Decodes one stream. Returns whether it was right; *taken and *length may be what they are, then.
 */
static bool inflate_once(const uint8_t *bytes, size_t size, int window_bits, uint8_t *to,
                         size_t room, size_t *taken, size_t *length)
{
    z_stream inflater = {.next_in = (z_const Bytef *)bytes, .avail_in = (uInt)size};

    require(inflateInit2(&inflater, window_bits) == Z_OK);
    inflater.next_out = to;
    inflater.avail_out = (uInt)room;
    const int result = inflate(&inflater, Z_FINISH);
    *taken = size - inflater.avail_in;
    *length = room - inflater.avail_out;
    (void)inflateEnd(&inflater);
    return result == Z_STREAM_END;
}

/* --- mending --------------------------------------------------------------------------------- */

static void put_number(uint8_t *to, size_t size, uint64_t number)
{
    for (; size > 0; size--, number >>= 8)
        *to++ = (uint8_t)number;
}

/* What looks like a block at `at`: makes it right. Returns where the next may be. */
static size_t mend_block(const struct image *image, size_t at, unsigned mending)
{
    uint8_t *block = image->bytes + at;
    const size_t left = image->length - at;
    const size_t header = left >= 12 ? 12 + ((size_t)block[10] | (size_t)block[11] << 8) : left;
    size_t taken = 0;
    size_t length = 0;

    if (left < 12 || block[0] != 0x1f || block[1] != 0x8b || left < header ||
        !inflate_once(block + header, left - header, WINDOW_OF_DEFLATE, given, sizeof(given),
                      &taken, &length) ||
        left - header - taken < 8)
        return at + 1;
    uint8_t *trailer = block + header + taken;
    put_number(trailer, 4, crc32(crc32(0, NULL, 0), given, (uInt)length));
    put_number(trailer + 4, 4, length);
    if ((mending & MEND_SIZES) != 0 && header >= 18)
        put_number(block + 16, 2, header + taken + 7);
    return at + header + taken + 8;
}

static void mend_file(const struct image *image, unsigned mending)
{
    for (size_t at = 0; at < image->length;)
        at = mend_block(image, at, mending);
}

/* --- the test -------------------------------------------------------------------------------- */

/* The plain bytes that gzip -d gives before it ends or fails. */
static size_t expect(const struct image *image)
{
    size_t total = 0;
    size_t taken = 0;
    size_t length = 0;

    for (size_t at = 0; at < image->length && total < PLAIN_MOST; at += taken) {
        const bool right = inflate_once(image->bytes + at, image->length - at, WINDOW_OF_GZIP,
                                        expected + total, PLAIN_MOST - total, &taken, &length);
        total += length;
        if (!right)
            break;
    }
    return total;
}

/* The walk's places; what else it says is compared with them. */
struct heard {
    struct codec_place last;
    size_t places;
};

static int hear_place(void *argument, const struct codec_place *place)
{
    struct heard *heard = argument;
    require(heard->places > 0 || (place->file == 0 && place->plain == 0));
    require(heard->places == 0 || place->plain - heard->last.plain >= CODEC_STEP ||
            place->file - heard->last.file >= CODEC_FILE_STEP);
    heard->last = *place;
    heard->places++;
    return 0;
}

static int hear_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    (void)argument;
    (void)file;
    require(from <= to);
    return 0;
}

static uint64_t walk_through(const struct codec_file *file)
{
    struct heard heard = {.places = 0};
    const struct codec_sink sink = {&heard, hear_place, NULL, hear_damage, false};
    struct codec_walk *walk = NULL;

    require(bgzf_codec.walk_begin(file, NULL, &sink, &walk) == 0);
    while (walk->end == CODEC_GOES_ON)
        require(bgzf_codec.walk_on(walk, STEP) == 0);
    const uint64_t size = walk->plain;
    require(walk->file <= file->size && (walk->end != CODEC_WHOLE || walk->file == file->size));
    require(heard.places > 0 && heard.last.plain <= size && heard.last.file <= file->size);
    bgzf_codec.walk_free(walk);
    return size;
}

/* Skips, and reads the rest up to `end`, into `given`. */
static int read_from(const struct codec_file *file, uint64_t start, uint64_t end)
{
    const struct codec_place first = {.starts_unit = true};
    struct codec_stream *stream = NULL;

    require(bgzf_codec.stream_open(file, &first, &stream) == 0);
    int error = bgzf_stream_skip(file, stream, start);
    for (uint64_t at = start; error == 0 && at < end;) {
        const size_t length = (size_t)min_u64(end - at, 1 + at % 5000);
        error = bgzf_codec.stream_read(file, stream, given + at, length);
        at += length;
    }
    bgzf_codec.stream_close(stream);
    require(error == 0 || error == -EBADMSG);
    return error;
}

static void read_as_gzip(const struct image *image)
{
    const struct codec_file file = {read_image, (void *)image, image->length};
    const uint64_t size = walk_through(&file);
    const uint64_t end = min_u64(size, PLAIN_MOST);
    const uint64_t start = end / 3;

    if (read_from(&file, 0, end) != 0) {
        (void)read_from(&file, start, end);
        return;
    }
    require(expect(image) >= end);
    require(memcmp(given, expected, end) == 0);
    memset(given, 0xaa, end);
    require(read_from(&file, start, end) == 0);
    require(memcmp(given + start, expected + start, end - start) == 0);
}

/* --- libFuzzer ------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    if (length == 0)
        return 0;
    const unsigned mending = *input++;
    struct image image = {malloc(length), length - 1};
    require(image.bytes != NULL);
    memcpy(image.bytes, input, image.length);
    (void)bgzf_codec.recognises(image.bytes, image.length);
    if ((mending & (MEND_TRAILERS | MEND_SIZES)) != 0)
        mend_file(&image, mending);
    read_as_gzip(&image);
    free(image.bytes);
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
