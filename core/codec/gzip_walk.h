/* SPDX-License-Identifier: MIT */
/* The walk of gzip_codec: decodes all of a file once. See core/codec/codec.h. */
#ifndef BIGFS_CORE_CODEC_GZIP_WALK_H
#define BIGFS_CORE_CODEC_GZIP_WALK_H

#include <stdint.h>

#include "core/codec/codec.h"

int gzip_walk_begin(const struct codec_file *file, const struct codec_place *from,
                    const struct codec_sink *sink, struct codec_walk **begun);
int gzip_walk_on(struct codec_walk *codec_walk, uint64_t most);
void gzip_walk_free(struct codec_walk *codec_walk);

#endif
