/* SPDX-License-Identifier: MIT */
/*
 * What is needed to start within a member, as an aid of a place:
 *
 *     1 byte    version
 *     1 byte    if the start is inside a block: the bits before `block file`; else 255
 *     2 bytes   how long the window is
 *     4 bytes   CRC32 of file, plain and bits of the place, and of all else that is here
 *     8 bytes   block file: where the block starts, if the start is inside of one
 *     the rest  the window, deflated; nothing if no byte of it is used
 *
 * Numbers are little-endian. The aid is checked with the place, so that it fits no other.
 */
#ifndef BIGFS_CORE_CODEC_GZIP_AID_H
#define BIGFS_CORE_CODEC_GZIP_AID_H

#include <stddef.h>
#include <stdint.h>

#include "core/codec/codec.h"
#include "core/codec/gzip_point.h"
#include "core/codec/inflate_run.h"

enum {
    GZIP_AID_HEAD = 16,
    GZIP_AID_MOST = GZIP_AID_HEAD + INFLATE_WINDOW + 2048, /* a window that does not shrink */
};

struct gzip_packer;

/* Returns NULL if there is no memory. */
struct gzip_packer *gzip_packer_new(void);
void gzip_packer_free(struct gzip_packer *packer); /* NULL is allowed */

/* Completes a place that has `file`, `plain` and `bits`. Its aid is valid until the next call. */
void gzip_aid_pack(struct gzip_packer *packer, const struct gzip_start *start,
                   const uint8_t *window, size_t length, struct codec_place *place);

/*
 * Reads a place's aid. `window` has INFLATE_WINDOW bytes; `run` is used to expand it. Returns 0,
 * -EBADMSG or -ENOMEM.
 */
int gzip_aid_unpack(const struct codec_place *place, struct inflate_run *run,
                    struct gzip_start *start, uint8_t *window, size_t *length);

#endif
