/* SPDX-License-Identifier: MIT */
/*
 * BGZF: gzip in blocks of at most 64 KiB that tell how long they are, as bgzip and samtools write
 * it. Its map is made without decoding anything.
 *
 * A gzip member that is no block may follow: it is a unit as any other, but has to be decoded in
 * the walk, and there is no place within it. Before the walk tells that one lies there, it has
 * checked it.
 */
#ifndef BIGFS_CORE_CODEC_BGZF_H
#define BIGFS_CORE_CODEC_BGZF_H

#ifdef BIGFS_HAS_GZIP
#include "core/codec/codec.h"

extern const struct codec bgzf_codec;
#endif

#endif
