/* SPDX-License-Identifier: MIT */
/* The streams of gzip_codec. See core/codec/codec.h. */
#ifndef BIGFS_CORE_CODEC_GZIP_STREAM_H
#define BIGFS_CORE_CODEC_GZIP_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "core/codec/codec.h"

int gzip_stream_memory(const struct codec_file *file, const struct codec_place *from,
                       uint64_t *bytes);
int gzip_stream_open(const struct codec_file *file, const struct codec_place *from,
                     struct codec_stream **opened);

/*
 * Also reads to the end of a member that ends where the bytes end, and fails if that is wrong. Of a
 * member in whose middle the stream began, the walk knows that it is right.
 */
int gzip_stream_read(const struct codec_file *file, struct codec_stream *codec_stream,
                     uint8_t *plain, size_t length);
void gzip_stream_close(struct codec_stream *codec_stream);

#endif
