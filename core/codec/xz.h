/* SPDX-License-Identifier: MIT */
/*
 * xz files: streams of blocks. A unit is a block. The index of each stream tells where its blocks
 * are and how long, so nothing is decoded to find places.
 */
#ifndef BIGFS_CORE_CODEC_XZ_H
#define BIGFS_CORE_CODEC_XZ_H

#include "core/codec/codec.h"

extern const struct codec xz_codec;

#endif
