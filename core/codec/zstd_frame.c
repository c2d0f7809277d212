/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd_frame.h"

#include "core/base/checked.h"

enum {
    MAGIC_LENGTH = 4,
    BLOCK_HEADER = 3,
    BLOCK_MOST = 128 * 1024, /* plain bytes */
    FLAG_SINGLE_SEGMENT = 0x20,
    FLAG_RESERVED = 0x08,
    FLAG_CHECKSUM = 0x04,
};

/* The types of blocks. */
enum { BLOCK_RAW, BLOCK_RUN, BLOCK_COMPRESSED, BLOCK_RESERVED };

static const uint8_t zstd_magic[MAGIC_LENGTH] = {0x28, 0xb5, 0x2f, 0xfd};
static const uint8_t zstd_skippable_magic[MAGIC_LENGTH] = {0x50, 0x2a, 0x4d, 0x18};

uint64_t zstd_number(const uint8_t *bytes, unsigned count)
{
    uint64_t number = 0;
    while (count-- > 0)
        number = number << 8 | bytes[count];
    return number;
}

/* Whether these bytes are the magic number, or as much of it as there is. */
static bool zstd_is_magic(const uint8_t *bytes, size_t length, const uint8_t *magic, uint8_t mask)
{
    for (size_t i = 0; i < length && i < MAGIC_LENGTH; i++)
        if ((bytes[i] & (i == 0 ? mask : 0xff)) != magic[i])
            return false;
    return true;
}

/* The window that a byte of the header says: a power of two, and eighths of it. */
static uint64_t zstd_window(uint8_t byte)
{
    uint64_t power = UINT64_C(1) << (10 + (byte >> 3));
    return power + power / 8 * (byte & 7);
}

/* Takes the frame header after the magic number and the flags, which is all there. */
static void zstd_take_fields(const uint8_t *bytes, unsigned dictionary, unsigned content,
                             struct zstd_frame *frame)
{
    bool single = (bytes[0] & FLAG_SINGLE_SEGMENT) != 0;
    frame->checksum = (bytes[0] & FLAG_CHECKSUM) != 0;
    bytes++;
    if (!single)
        frame->window = zstd_window(*bytes++);
    frame->dictionary = (uint32_t)zstd_number(bytes, dictionary);
    bytes += dictionary;
    frame->content = content == 0 ? ZSTD_UNTOLD : zstd_number(bytes, content);
    if (content == 2)
        frame->content += 256;
    if (single)
        frame->window = frame->content;
}

/* Reads the first bytes of a frame: ZSTD_FRAME_HEADER_MOST, or all that are left of the file. */
static void zstd_take_header(const uint8_t *bytes, size_t length, struct zstd_frame *frame)
{
    static const uint8_t dictionaries[] = {0, 1, 2, 4};
    static const uint8_t contents[] = {0, 2, 4, 8};

    frame->state = ZSTD_FRAME_CUT;
    if (length <= MAGIC_LENGTH)
        return;
    const uint8_t flags = bytes[MAGIC_LENGTH];
    const bool single = (flags & FLAG_SINGLE_SEGMENT) != 0;
    const unsigned dictionary = dictionaries[flags & 3];
    unsigned content = contents[flags >> 6];
    if (single && content == 0)
        content = 1;
    const unsigned whole = MAGIC_LENGTH + 1U + (single ? 0U : 1U) + dictionary + content;
    if ((flags & FLAG_RESERVED) != 0)
        frame->state = ZSTD_FRAME_LOST;
    else if (length >= whole) {
        zstd_take_fields(bytes + MAGIC_LENGTH, dictionary, content, frame);
        frame->at += whole;
        frame->state = ZSTD_FRAME_GOES_ON;
    }
}

/* The same for a skippable frame. `left` is how long the file is from its start on. */
static void zstd_take_skippable(const uint8_t *bytes, size_t length, uint64_t left,
                                struct zstd_frame *frame)
{
    frame->skippable = true;
    frame->state = ZSTD_FRAME_CUT;
    if (length < ZSTD_SKIPPABLE_HEADER)
        return;
    const uint64_t whole = ZSTD_SKIPPABLE_HEADER + zstd_number(bytes + MAGIC_LENGTH, 4);
    if (whole > left)
        return;
    frame->at += whole;
    frame->state = ZSTD_FRAME_WHOLE;
}

static void zstd_take_start(const uint8_t *bytes, size_t length, uint64_t left,
                            struct zstd_frame *frame)
{
    if (zstd_is_magic(bytes, length, zstd_skippable_magic, 0xf0))
        zstd_take_skippable(bytes, length, left, frame);
    else if (zstd_is_magic(bytes, length, zstd_magic, 0xff))
        zstd_take_header(bytes, length, frame);
    else
        frame->state = ZSTD_FRAME_LOST;
}

int zstd_frame_begin(const struct codec_file *file, struct zstd_input *input, uint64_t offset,
                     struct zstd_frame *frame)
{
    struct zstd_bytes bytes;
    int error = zstd_input_get(input, file, offset, ZSTD_FRAME_HEADER_MOST, &bytes);
    if (error != 0)
        return error;
    *frame = (struct zstd_frame){.start = offset, .at = offset};
    zstd_take_start(bytes.at, bytes.length, saturating_sub(file->size, offset), frame);
    return 0;
}

/* Adds `more` to *at, if that is not after the end of the file. */
static bool zstd_advance(const struct codec_file *file, uint64_t *at, uint64_t more)
{
    if (more > saturating_sub(file->size, *at))
        return false;
    *at += more;
    return true;
}

static void zstd_take_block(const struct codec_file *file, uint32_t header,
                            struct zstd_frame *frame)
{
    const bool last = (header & 1) != 0;
    const unsigned type = header >> 1 & 3;
    const uint32_t size = header >> 3;
    const uint64_t block_most = min_u64(frame->window, BLOCK_MOST);

    if (type == BLOCK_RESERVED || size > block_most) {
        frame->state = ZSTD_FRAME_LOST;
        return;
    }
    /* `least` is never more than `most`, so one check is enough. */
    if (!checked_add(frame->most, type == BLOCK_COMPRESSED ? block_most : size, &frame->most)) {
        frame->state = ZSTD_FRAME_LOST;
        return;
    }
    frame->least += type == BLOCK_COMPRESSED ? 0 : size;
    uint64_t more = BLOCK_HEADER + (type == BLOCK_RUN ? 1 : size);
    if (last && frame->checksum)
        more += ZSTD_CHECKSUM;
    if (!zstd_advance(file, &frame->at, more))
        frame->state = ZSTD_FRAME_CUT;
    else if (last)
        frame->state = ZSTD_FRAME_WHOLE;
}

int zstd_frame_on(const struct codec_file *file, struct zstd_input *input, struct zstd_frame *frame)
{
    struct zstd_bytes bytes;
    int error = zstd_input_get(input, file, frame->at, BLOCK_HEADER, &bytes);
    if (error != 0)
        return error;
    if (bytes.length < BLOCK_HEADER)
        frame->state = ZSTD_FRAME_CUT;
    else
        zstd_take_block(file, (uint32_t)zstd_number(bytes.at, BLOCK_HEADER), frame);
    return 0;
}

bool zstd_frame_is_readable(const struct zstd_frame *frame)
{
    return frame->dictionary == 0 && frame->window <= ZSTD_WINDOW_MOST;
}

bool zstd_frame_is_in(const uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        struct zstd_frame frame = {.at = 0};
        zstd_take_start(bytes + at, length - at, length - at, &frame);
        if (!frame.skippable)
            return frame.state == ZSTD_FRAME_GOES_ON;
        if (frame.state != ZSTD_FRAME_WHOLE)
            return false;
        at += (size_t)frame.at;
    }
    return false;
}
#endif
