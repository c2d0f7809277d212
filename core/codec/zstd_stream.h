/* SPDX-License-Identifier: MIT */
/* Streams of the codec zstd: see core/codec/codec.h. */
#ifndef BIGFS_CORE_CODEC_ZSTD_STREAM_H
#define BIGFS_CORE_CODEC_ZSTD_STREAM_H

#include "core/codec/codec.h"

int zstd_stream_memory(const struct codec_file *file, const struct codec_place *from,
                       uint64_t *bytes);
int zstd_stream_open(const struct codec_file *file, const struct codec_place *from,
                     struct codec_stream **opened);
int zstd_stream_read(const struct codec_file *file, struct codec_stream *opened, uint8_t *plain,
                     size_t length);
void zstd_stream_close(struct codec_stream *closed);

#endif
