/* SPDX-License-Identifier: MIT */
/*
 * Frames of zstd (RFC 8878), by the headers of the frame and of its blocks alone.
 *
 *     frame             magic, flags, window, dictionary, size; blocks; checksum, if it has one
 *     block             3 bytes: whether it is the last, of which type, how long; its bytes
 *     skippable frame   magic, length; bytes that mean nothing to us
 */
#ifndef BIGFS_CORE_CODEC_ZSTD_FRAME_H
#define BIGFS_CORE_CODEC_ZSTD_FRAME_H

#include "core/codec/zstd_input.h"

enum {
    ZSTD_FRAME_HEADER_MOST = 18, /* bytes, with the magic number */
    ZSTD_SKIPPABLE_HEADER = 8,
    ZSTD_CHECKSUM = 4,        /* bytes after the last block */
    ZSTD_HEADERS_ROOM = 4096, /* of a struct zstd_input for headers: a page */
};

#define ZSTD_UNTOLD UINT64_MAX /* the frame does not tell how many plain bytes it holds */

/* Frames with a larger window are refused. The program zstd refuses them too, without an option. */
#define ZSTD_WINDOW_MOST (UINT64_C(1) << 27)

enum zstd_frame_state {
    ZSTD_FRAME_GOES_ON, /* a block header is next */
    ZSTD_FRAME_WHOLE,
    ZSTD_FRAME_CUT,  /* the file ends within it */
    ZSTD_FRAME_LOST, /* not a frame, or one whose end cannot be told */
};

struct zstd_frame {
    uint64_t start;
    uint64_t at; /* what is looked at next; once it is whole, its end */
    enum zstd_frame_state state;
    bool skippable;
    bool checksum;
    uint32_t dictionary; /* 0: none */
    uint64_t window;
    uint64_t content; /* plain bytes that it says it holds, or ZSTD_UNTOLD */
    uint64_t least;   /* plain bytes that the blocks seen so far hold */
    uint64_t most;
};

/*
 * Reads the header of the frame at an offset before the end of the file. Only if it can be read,
 * fields other than the state are set. Returns 0 or an error of zstd_input_get().
 */
int zstd_frame_begin(const struct codec_file *file, struct zstd_input *input, uint64_t offset,
                     struct zstd_frame *frame);

/* Goes on to the next block. Returns 0 or an error of zstd_input_get(). */
int zstd_frame_on(const struct codec_file *file, struct zstd_input *input,
                  struct zstd_frame *frame);

/* Whether a frame can be decoded here: it needs no dictionary and not too much memory. */
bool zstd_frame_is_readable(const struct zstd_frame *frame);

/* Whether these first bytes of a file start with frames, of which one is not skippable. */
bool zstd_frame_is_in(const uint8_t *bytes, size_t length);

/* A number of `count` bytes, at most 8. */
uint64_t zstd_number(const uint8_t *bytes, unsigned count);

#endif
