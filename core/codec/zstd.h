/* SPDX-License-Identifier: MIT */
/*
 * zstd: units are frames. A frame that tells how much it holds is not decoded by a walk, which goes
 * from header to header, or through the seek table of the seekable format.
 *
 * Its checksums are at the ends of frames, of those that have one, and libzstd compares them.
 * Dictionaries, and windows of more than 128 MiB, are refused.
 */
#ifndef BIGFS_CORE_CODEC_ZSTD_H
#define BIGFS_CORE_CODEC_ZSTD_H

#include "core/codec/codec.h"

extern const struct codec zstd_codec;

#endif
