/* SPDX-License-Identifier: MIT */
/*
 * Goes through a BGZF file: the walk of core/codec/codec.h. It reads the header and the trailer of
 * each block, and decodes only members that are not blocks.
 *
 * What follows the last unit is passed over, as gzip -d does, whether it is zeros or not. But if it
 * looks like a block, or a block begins within 64 KiB, a header is damaged: CODEC_LOST.
 */
#ifndef BIGFS_CORE_CODEC_BGZF_WALK_H
#define BIGFS_CORE_CODEC_BGZF_WALK_H

#include "core/codec/codec.h"

/* As codec.h says of `walk_begin`, and so on. */
int bgzf_walk_begin(const struct codec_file *file, const struct codec_place *from,
                    const struct codec_sink *sink, struct codec_walk **walk);
int bgzf_walk_on(struct codec_walk *walk, uint64_t most);
void bgzf_walk_free(struct codec_walk *walk);

#endif
