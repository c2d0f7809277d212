/* SPDX-License-Identifier: MIT */
/* Reads the plain bytes of a BGZF file: the stream of core/codec/codec.h. */
#ifndef BIGFS_CORE_CODEC_BGZF_STREAM_H
#define BIGFS_CORE_CODEC_BGZF_STREAM_H

#include "core/codec/codec.h"

/* As codec.h says of `stream_memory`, and so on. */
int bgzf_stream_memory(const struct codec_file *file, const struct codec_place *from,
                       uint64_t *bytes);
int bgzf_stream_open(const struct codec_file *file, const struct codec_place *from,
                     struct codec_stream **stream);
int bgzf_stream_read(const struct codec_file *file, struct codec_stream *stream, uint8_t *plain,
                     size_t length);
void bgzf_stream_close(struct codec_stream *stream);

/*
 * Passes `length` plain bytes. Blocks that lie in them as a whole are not decoded, and not checked:
 * damage there does not matter. It believes how long they say they are, as the walk does. Returns
 * as stream_read().
 */
int bgzf_stream_skip(const struct codec_file *file, struct codec_stream *stream, uint64_t length);

#endif
