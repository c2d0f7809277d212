/* SPDX-License-Identifier: MIT */
/* Walks of the codec zstd: see core/codec/codec.h. */
#ifndef BIGFS_CORE_CODEC_ZSTD_WALK_H
#define BIGFS_CORE_CODEC_ZSTD_WALK_H

#include "core/codec/codec.h"

int zstd_walk_begin(const struct codec_file *file, const struct codec_place *from,
                    const struct codec_sink *sink, struct codec_walk **begun);
int zstd_walk_on(struct codec_walk *codec_walk, uint64_t most);
void zstd_walk_free(struct codec_walk *freed);

#endif
