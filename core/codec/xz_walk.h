/* SPDX-License-Identifier: MIT */
/* Walks through xz files, as struct codec has them. */
#ifndef BIGFS_CORE_CODEC_XZ_WALK_H
#define BIGFS_CORE_CODEC_XZ_WALK_H

#include "core/codec/codec.h"

int xz_walk_begin(const struct codec_file *file, const struct codec_place *from,
                  const struct codec_sink *sink, struct codec_walk **walk);
int xz_walk_on(struct codec_walk *walk, uint64_t most);
void xz_walk_free(struct codec_walk *walk);

#endif
