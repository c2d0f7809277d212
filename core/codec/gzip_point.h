/* SPDX-License-Identifier: MIT */
/* Bits of a gzip file where decoding can start within a member. */
#ifndef BIGFS_CORE_CODEC_GZIP_POINT_H
#define BIGFS_CORE_CODEC_GZIP_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec/codec.h"
#include "core/codec/inflate_run.h"

/* A bit: `bits` (0 to 7) high bits of the byte before `file` come first. */
struct gzip_point {
    uint64_t file;
    uint8_t bits;
};

/* A point to start at. */
struct gzip_start {
    struct gzip_point at;
    bool is_inside; /* it is within a block, between two codes; if not, a block starts here */
    struct gzip_point block; /* if so: where that block starts, because its header has the codes */
};

/*
 * Starts a run there, `window` being the bytes before. The caller feeds it from start->at.file on.
 * Returns 0, -EBADMSG if this cannot be such a place, -ENOMEM, or a read error.
 */
int gzip_start_run(struct inflate_run *run, const struct codec_file *file,
                   const struct gzip_start *start, const uint8_t *window, size_t length);

/* The errno of a result: 0, -EBADMSG or -ENOMEM. */
int gzip_result_error(enum inflate_result result);

#endif
