/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a zstd file through a buffer.
 *
 * A walk wants three bytes here and there, or, of a million empty frames, all of them one after the
 * other. So a buffer is filled up to the next multiple of its size: one page for headers that are
 * far from each other, and no byte twice for those that are not.
 */
#ifndef BIGFS_CORE_CODEC_ZSTD_INPUT_H
#define BIGFS_CORE_CODEC_ZSTD_INPUT_H

#include "core/codec/codec.h"

struct zstd_input {
    uint8_t *bytes;  /* owned; made when it is first needed */
    size_t room;     /* set by the owner, and never changed */
    size_t length;   /* of the bytes that are there */
    uint64_t offset; /* of the first of them in the file */
};

/* What is got from the buffer: valid until the next call. */
struct zstd_bytes {
    const uint8_t *at;
    size_t length;
};

/*
 * The bytes from an offset on: at least `least` (at most the room). Fewer, or none, only if the
 * file ends there. Returns 0, -ENOMEM or a read error.
 */
int zstd_input_get(struct zstd_input *input, const struct codec_file *file, uint64_t offset,
                   size_t least, struct zstd_bytes *bytes);

/* How many bytes from an offset on are there without a read. */
size_t zstd_input_there(const struct zstd_input *input, uint64_t offset);

void zstd_input_free(struct zstd_input *input);

#endif
