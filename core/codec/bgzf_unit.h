/* SPDX-License-Identifier: MIT */
/*
 * The units of a BGZF file: blocks, which tell how long they are, and other gzip members, which
 * have to be decoded for that.
 *
 *     1f 8b 08 | flags | time, .. | length | "BC" 2 0 BSIZE | .. | deflate | CRC32 | ISIZE
 *              |  & 4  |          |  subfields of the header     |         |  of the plain bytes
 *
 * BSIZE is the size of the block in the file, less one; ISIZE the number of its plain bytes. Both
 * are at most 64 KiB. A block is a gzip member, and zlib decodes and checks it as such.
 */
#ifndef BIGFS_CORE_CODEC_BGZF_UNIT_H
#define BIGFS_CORE_CODEC_BGZF_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec/bgzf_input.h"

enum {
    BGZF_PLAIN_MOST = 64 * 1024, /* plain bytes of a block */
    BGZF_SIZE_MOST = 64 * 1024,  /* bytes of a block in the file */
    BGZF_HEADER_USUAL = 18,      /* bytes of a header without other subfields */
};

enum bgzf_kind {
    BGZF_BLOCK,
    BGZF_MEMBER,  /* a gzip member that does not tell how long it is */
    BGZF_END,     /* the end of the file, and no unit */
    BGZF_CUT,     /* the file ends within this unit */
    BGZF_BROKEN,  /* it begins as gzip does, but has no header that could be decoded */
    BGZF_NOTHING, /* it does not begin as gzip does */
};

struct bgzf_unit {
    enum bgzf_kind kind;
    uint32_t size;    /* of a block: how many bytes of the file */
    uint32_t deflate; /* how many of these are neither header nor trailer */
    uint32_t plain;   /* and how many plain bytes, as it says */
};

/* A deflate stream is at least so long, and one of this length holds nothing. */
enum { BGZF_DEFLATE_LEAST = 2 };

/*
 * Sets what begins with these bytes, except the number of plain bytes. Returns how many bytes it
 * takes to know. If there are fewer, it is BGZF_CUT.
 *
 * A block whose sizes contradict each other is broken, though gzip -d does not look at them.
 * Otherwise one wrong bit in the length of the subfields could make blocks disappear.
 */
size_t bgzf_header(const uint8_t *bytes, size_t length, struct bgzf_unit *unit);

/*
 * Looks at what is at an offset of the file: at the header, and at the trailer if it is a block.
 * Reads as few bytes as it takes. `whole`: a block is read as a whole, and is in the input then. A
 * block that claims more plain bytes than it may have is a member. Returns 0 or a read error.
 */
int bgzf_look(const struct codec_file *file, struct bgzf_input *input, uint64_t at, bool whole,
              struct bgzf_unit *unit);

#endif
