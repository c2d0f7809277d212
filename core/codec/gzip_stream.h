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
 * If a member ends where the bytes end, also reads to its end, and fails if that is wrong. If the
 * stream began in the middle of a member, the walk has found that member right.
 */
int gzip_stream_read(const struct codec_file *file, struct codec_stream *codec_stream,
                     uint8_t *plain, size_t length);
void gzip_stream_close(struct codec_stream *codec_stream);

#endif
