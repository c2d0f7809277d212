/* SPDX-License-Identifier: MIT */
/*
 * BGZF: gzip in blocks of at most 64 KiB that tell how long they are, as bgzip and samtools write
 * it. Its map is made without decoding anything.
 *
 * A gzip member that is not a block may follow. It is a unit like any other, but the walk has to
 * decode it, and there is no place within it. The walk checks it before it tells its place.
 */
#ifndef BIGFS_CORE_CODEC_BGZF_H
#define BIGFS_CORE_CODEC_BGZF_H

#ifdef BIGFS_HAS_GZIP
#include "core/codec/codec.h"

extern const struct codec bgzf_codec;
#endif

#endif
