/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/bgzf_unit.h"

#include "core/base/checked.h"

enum {
    FIXED_SIZE = 12,   /* of a header with subfields, without these */
    SUBFIELD_SIZE = 4, /* without its data: two letters and a length */
    TRAILER_SIZE = 8,
    DEFLATE_METHOD = 8,
    FLAG_SUBFIELDS = 0x04,
    FLAGS_RESERVED = 0xe0,
    ISIZE_SIZE = 4,
};

static uint32_t get_u16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t get_u32(const uint8_t *bytes)
{
    return get_u16(bytes) | get_u16(bytes + 2) << 16;
}

/* The size that the subfield BC tells. 0: there is no such subfield. */
static uint32_t find_block_size(const uint8_t *subfields, size_t length)
{
    while (length >= SUBFIELD_SIZE) {
        const size_t data = get_u16(subfields + 2);
        if (data > length - SUBFIELD_SIZE)
            return 0;
        if (subfields[0] == 'B' && subfields[1] == 'C' && data == 2)
            return get_u16(subfields + SUBFIELD_SIZE) + 1;
        subfields += SUBFIELD_SIZE + data;
        length -= SUBFIELD_SIZE + data;
    }
    return 0;
}

/* `subfields`: the length of the subfields, which are all there. */
static void see_subfields(const uint8_t *bytes, size_t subfields, struct bgzf_unit *unit)
{
    const size_t around = FIXED_SIZE + subfields + TRAILER_SIZE;

    unit->kind = BGZF_MEMBER;
    unit->size = find_block_size(bytes + FIXED_SIZE, subfields);
    if (unit->size == 0)
        return;
    unit->kind = unit->size >= around + BGZF_DEFLATE_LEAST ? BGZF_BLOCK : BGZF_BROKEN;
    unit->deflate = unit->size - (uint32_t)around;
}

size_t bgzf_header(const uint8_t *bytes, size_t length, struct bgzf_unit *unit)
{
    *unit = (struct bgzf_unit){.kind = BGZF_CUT};
    if ((length > 0 && bytes[0] != 0x1f) || (length > 1 && bytes[1] != 0x8b))
        unit->kind = BGZF_NOTHING;
    if (length < FIXED_SIZE || unit->kind == BGZF_NOTHING)
        return FIXED_SIZE;
    unit->kind = BGZF_BROKEN;
    if (bytes[2] != DEFLATE_METHOD || (bytes[3] & FLAGS_RESERVED) != 0)
        return FIXED_SIZE;
    unit->kind = BGZF_MEMBER;
    if ((bytes[3] & FLAG_SUBFIELDS) == 0)
        return FIXED_SIZE;
    const size_t subfields = get_u16(bytes + FIXED_SIZE - 2);
    unit->kind = BGZF_CUT;
    if (length >= FIXED_SIZE + subfields)
        see_subfields(bytes, subfields, unit);
    return FIXED_SIZE + subfields;
}

/* Reads as much of the header as it takes. */
static int look_at_header(const struct codec_file *file, struct bgzf_input *input, uint64_t at,
                          struct bgzf_unit *unit)
{
    const uint64_t left = file->size - at;
    size_t length = (size_t)min_u64(left, BGZF_HEADER_USUAL);

    for (;;) {
        const uint8_t *bytes = NULL;
        const int error = bgzf_input_need(file, input, at, length, &bytes);
        if (error != 0)
            return error;
        const size_t needed = bgzf_header(bytes, length, unit);
        if (unit->kind != BGZF_CUT || needed > left)
            return 0;
        length = needed; /* which is more than before: once */
    }
}

/* How many plain bytes the block says it has. */
static int look_at_trailer(const struct codec_file *file, struct bgzf_input *input, uint64_t at,
                           bool whole, struct bgzf_unit *unit)
{
    /* The next header is wanted next. */
    const uint64_t next = min_u64(file->size - at - unit->size, BGZF_HEADER_USUAL);
    const uint8_t *bytes = NULL;
    const int error = whole ? bgzf_input_need(file, input, at, unit->size, &bytes)
                            : bgzf_input_need(file, input, at + unit->size - ISIZE_SIZE,
                                              ISIZE_SIZE + (size_t)next, &bytes);

    if (error != 0)
        return error;
    unit->plain = get_u32(whole ? bytes + unit->size - ISIZE_SIZE : bytes);
    if (unit->plain > BGZF_PLAIN_MOST)
        unit->kind = BGZF_MEMBER;
    return 0;
}

int bgzf_look(const struct codec_file *file, struct bgzf_input *input, uint64_t at, bool whole,
              struct bgzf_unit *unit)
{
    *unit = (struct bgzf_unit){.kind = BGZF_END};
    if (at > file->size)
        unit->kind = BGZF_CUT; /* it has shrunk since the place was found */
    if (at >= file->size)
        return 0;
    const int error = look_at_header(file, input, at, unit);
    if (error != 0 || unit->kind != BGZF_BLOCK)
        return error;
    if (unit->size > file->size - at) {
        unit->kind = BGZF_CUT;
        return 0;
    }
    return look_at_trailer(file, input, at, whole, unit);
}
#endif
