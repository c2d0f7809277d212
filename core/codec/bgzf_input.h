/* SPDX-License-Identifier: MIT */
/* The bytes of a BGZF file that a walk or a stream is at: they move on, and are read once. */
#ifndef BIGFS_CORE_CODEC_BGZF_INPUT_H
#define BIGFS_CORE_CODEC_BGZF_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "core/codec/codec.h"

enum { BGZF_INPUT_MOST = 256 * 1024 };

struct bgzf_input {
    uint8_t *bytes;  /* owned; room for BGZF_INPUT_MOST */
    uint64_t offset; /* in the file */
    size_t length;
    size_t ahead; /* at least so much is read at once, if the file has it */
};

/* Returns 0 or -ENOMEM. */
int bgzf_input_make(struct bgzf_input *input, size_t ahead);
void bgzf_input_free(struct bgzf_input *input);

/*
 * Sets *bytes to the `length` bytes at `offset`, which lie in the file: at most BGZF_INPUT_MOST.
 * They are valid until the next call. Returns 0 or a read error, after which it can be tried again.
 */
int bgzf_input_need(const struct codec_file *file, struct bgzf_input *input, uint64_t offset,
                    size_t length, const uint8_t **bytes);

#endif
