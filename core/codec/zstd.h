/* SPDX-License-Identifier: MIT */
/*
 * zstd: units are frames. A walk goes from header to header, or through the table of the seekable
 * format. It decodes only frames that do not tell how much they hold.
 *
 * A frame may have a checksum, at its end, which libzstd compares. Dictionaries, and windows of
 * more than 128 MiB, are refused.
 */
#ifndef BIGFS_CORE_CODEC_ZSTD_H
#define BIGFS_CORE_CODEC_ZSTD_H

#include "core/codec/codec.h"

extern const struct codec zstd_codec;

#endif
