/* SPDX-License-Identifier: MIT */
/*
 * Decodes xz files from a block on, as struct codec has it.
 *
 * A stream knows its place and the file. It goes from block to block, and over indexes, footers,
 * padding and headers to the blocks of the next stream. As the index of a stream is passed, it must
 * tell of the blocks what they were.
 */
#ifndef BIGFS_CORE_CODEC_XZ_STREAM_H
#define BIGFS_CORE_CODEC_XZ_STREAM_H

#include "core/codec/codec.h"

/* A block that needs more memory is refused. This is twice what `xz -9` needs. */
enum { XZ_MEMORY_MOST = 128 * 1024 * 1024 };

/*
 * What the first block needs. The blocks of one stream nearly always have the same filters, but a
 * stream that was appended may have been compressed at a higher level. To end there would be to
 * refuse sound files. So a stream may take more when it comes to such a block, but never more than
 * XZ_MEMORY_MOST and what is not for the decoder.
 */
int xz_stream_memory(const struct codec_file *file, const struct codec_place *from,
                     uint64_t *bytes);
int xz_stream_open(const struct codec_file *file, const struct codec_place *from,
                   struct codec_stream **stream);
int xz_stream_read(const struct codec_file *file, struct codec_stream *stream, uint8_t *plain,
                   size_t length);

/*
 * Whether what was read ends where the unit at a place begins, or (NULL) with the file. Only the
 * index has the plain sizes of all blocks, and a stream cannot find it. If damage makes a block
 * endless, the stream would give any number of bytes of it. So a caller that has read up to a place
 * asks whether the stream is there. The stream can go on after that. Returns 0, -EBADMSG, -ENOMEM
 * or a read error.
 */
int xz_stream_check(const struct codec_file *file, struct codec_stream *stream,
                    const struct codec_place *next);
void xz_stream_close(struct codec_stream *stream);

#endif
