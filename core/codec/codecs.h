/* SPDX-License-Identifier: MIT */
/* The codecs that this program was built with: a row and a pair of files each. */
#ifndef BIGFS_CORE_CODEC_CODECS_H
#define BIGFS_CORE_CODEC_CODECS_H

#include "core/codec/codec.h"

/* In the order in which they are tried. Ends with NULL. */
extern const struct codec *const codecs[];

#endif
