/* SPDX-License-Identifier: MIT */
/* The bytes of an xz file, read in large parts as they are looked at, forwards or backwards. */
#ifndef BIGFS_CORE_CODEC_XZ_INPUT_H
#define BIGFS_CORE_CODEC_XZ_INPUT_H

#include "core/codec/codec.h"

/*
 * What the functions of xz return besides 0 and -errno: the bytes are not what an xz file may have
 * there. It is not -EBADMSG, because a read may fail with that, which says nothing of the content.
 */
enum { XZ_WRONG = 1 };

enum { XZ_INPUT_SIZE = 64 * 1024 };

/* Begins as zeros. */
struct xz_input {
    uint64_t offset; /* of the first byte in the file */
    size_t length;
    uint64_t fetched; /* how much was read in all */
    uint8_t bytes[XZ_INPUT_SIZE];
};

/*
 * The bytes from an offset on, or those that end at it: `need` (at most XZ_INPUT_SIZE) or more. How
 * many there are is in *there. In both cases *bytes is what is at the offset, so the last byte
 * before it is (*bytes)[-1]. Valid until the next call. XZ_WRONG: the file does not have so many.
 */
int xz_input_after(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                   size_t need, const uint8_t **bytes, size_t *there);
int xz_input_before(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                    size_t need, const uint8_t **bytes, size_t *there);

#endif
