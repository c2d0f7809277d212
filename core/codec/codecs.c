/* SPDX-License-Identifier: MIT */
#include "core/codec/codecs.h"

#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd.h"
#endif

const struct codec *const codecs[] = {
#ifdef BIGFS_HAS_ZSTD
    &zstd_codec,
#endif
    NULL,
};
