/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_header.h"

#include <stdbool.h>

#define ZLIB_CONST
#include <zlib.h>

enum { FIXED_LENGTH = 10, FLAGS_AT = 3 };

/* Flags. The first one says that the file is text, and is ignored. */
enum { HAS_CHECK = 2, HAS_EXTRA = 4, HAS_NAME = 8, HAS_COMMENT = 16, UNKNOWN_FLAGS = 0xe0 };

static const uint8_t magic[FLAGS_AT] = {0x1f, 0x8b, 8}; /* the third is the method, deflate */

static bool has_part(const struct gzip_header *header, enum gzip_header_part part)
{
    switch (part) {
    case GZIP_EXTRA_LENGTH:
        return (header->flags & HAS_EXTRA) != 0;
    case GZIP_EXTRA:
        return header->extra_length > 0;
    case GZIP_NAME:
        return (header->flags & HAS_NAME) != 0;
    case GZIP_COMMENT:
        return (header->flags & HAS_COMMENT) != 0;
    case GZIP_CHECK:
        return (header->flags & HAS_CHECK) != 0;
    default:
        return true;
    }
}

static void end_part(struct gzip_header *header)
{
    header->at = 0;
    do
        header->part++;
    while (!has_part(header, header->part));
}

static bool take_fixed(struct gzip_header *header, uint8_t byte)
{
    if (header->at < FLAGS_AT)
        return byte == magic[header->at];
    if (header->at == FLAGS_AT) {
        header->flags = byte;
        header->crc = (uint32_t)crc32(crc32(0, NULL, 0), magic, sizeof(magic));
        header->crc = (uint32_t)crc32(header->crc, &byte, 1);
    }
    return (header->flags & UNKNOWN_FLAGS) == 0;
}

/* Takes a byte of a part. Returns whether it was the last. */
static bool take_header_byte(struct gzip_header *header, uint8_t byte)
{
    const uint32_t at = header->at++;

    switch (header->part) {
    case GZIP_FIXED:
        return at + 1 == FIXED_LENGTH;
    case GZIP_EXTRA_LENGTH:
        header->extra_length = (uint16_t)(header->extra_length | byte << (8 * at));
        return at == 1;
    case GZIP_EXTRA:
        return at + 1 == header->extra_length;
    case GZIP_CHECK:
        header->check = (uint16_t)(header->check | byte << (8 * at));
        return at == 1;
    default:
        header->at = 0; /* of a name of any length */
        return byte == 0;
    }
}

void gzip_header_take(struct gzip_header *header, const uint8_t **next, size_t *left)
{
    while (*left > 0 && header->part < GZIP_BODY) {
        const uint8_t byte = **next;
        if (header->part == GZIP_FIXED && !take_fixed(header, byte)) {
            header->part = GZIP_NO_HEADER;
            return;
        }
        if ((header->flags & HAS_CHECK) != 0 && header->part != GZIP_CHECK &&
            (header->part != GZIP_FIXED || header->at > FLAGS_AT))
            header->crc = (uint32_t)crc32(header->crc, &byte, 1);
        ++*next;
        --*left;
        if (take_header_byte(header, byte))
            end_part(header);
    }
    if (header->part == GZIP_BODY && has_part(header, GZIP_CHECK) &&
        header->check != (header->crc & 0xffff))
        header->part = GZIP_NO_HEADER;
}

#endif
