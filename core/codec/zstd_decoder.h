/* SPDX-License-Identifier: MIT */
/* Decodes one frame after the other with libzstd, in bounded memory. */
#ifndef BIGFS_CORE_CODEC_ZSTD_DECODER_H
#define BIGFS_CORE_CODEC_ZSTD_DECODER_H

#include "core/codec/zstd_input.h"

struct zstd_decoder {
    struct ZSTD_DCtx_s *context; /* owned */
    struct zstd_input input;     /* between frames, their headers can be read through it */
    uint64_t at;                 /* where in the file the next input is */
    size_t hint;                 /* how much of it libzstd wants next */
    bool ended;                  /* the frame has ended, and its checksum was right */
};

/*
 * How much memory a decoder of frames with windows up to this takes at most, without itself. It is
 * what ZSTD_estimateDStreamSize() in zstd_decompress.c says: the context, one block of input, and a
 * ring that holds the window and a block (two blocks since 1.5.6).
 */
uint64_t zstd_decoder_memory(uint64_t window);

/* Makes a decoder that refuses larger windows. Returns 0 or -ENOMEM. */
int zstd_decoder_make(uint64_t window, struct zstd_decoder *decoder);
void zstd_decoder_free(struct zstd_decoder *decoder);

/* The next bytes are those of the frame that starts at `at`. */
void zstd_decoder_begin(struct zstd_decoder *decoder, uint64_t at);

/*
 * Decodes some bytes of the frame, at most `length` (at least 1): none if only its input moved on.
 * Not to be called after it has ended. Returns 0, -EBADMSG, -ENOMEM or a read error; after the last
 * of these it can go on.
 */
int zstd_decoder_on(const struct codec_file *file, struct zstd_decoder *decoder, uint8_t *plain,
                    size_t length, size_t *got);

#endif
