/* SPDX-License-Identifier: MIT */
/* The header of a gzip member (RFC 1952), read in pieces: it can be of any length. */
#ifndef BIGFS_CORE_CODEC_GZIP_HEADER_H
#define BIGFS_CORE_CODEC_GZIP_HEADER_H

#include <stddef.h>
#include <stdint.h>

/* The parts that a header has, in their order. */
enum gzip_header_part {
    GZIP_FIXED,        /* the magic, the method, flags, and six bytes that do not matter here */
    GZIP_EXTRA_LENGTH, /* two bytes; this and the next ones only if a flag says so */
    GZIP_EXTRA,
    GZIP_NAME,    /* up to a zero byte */
    GZIP_COMMENT, /* up to a zero byte */
    GZIP_CHECK,   /* two bytes: the low half of the CRC32 of all before */
    GZIP_BODY,    /* the header has ended */
    GZIP_NO_HEADER,
};

/* A header that is being read. It begins as zeros. */
struct gzip_header {
    enum gzip_header_part part;
    uint32_t at; /* how many bytes of this part were taken */
    uint16_t extra_length;
    uint8_t flags;
    uint16_t check; /* as the header says */
    uint32_t crc;   /* of what was taken, if it is checked */
};

/*
 * Takes bytes from *next on up to the end of the header, or all *left. After that, header->part is
 * GZIP_BODY, or GZIP_NO_HEADER if this is no header, or more bytes are needed.
 */
void gzip_header_take(struct gzip_header *header, const uint8_t **next, size_t *left);

#endif
