/* SPDX-License-Identifier: MIT */
#include "core/codec/codecs.h"

#include "core/codec/bgzf.h"
#include "core/codec/gzip.h"
#include "core/codec/xz.h"
#include "core/codec/zstd.h"

const struct codec *const codecs[] = {
#ifdef BIGFS_HAS_GZIP
    &bgzf_codec, /* before gzip, as each is a gzip file, too */
    &gzip_codec,
#endif
#ifdef BIGFS_HAS_ZSTD
    &zstd_codec,
#endif
#ifdef BIGFS_HAS_XZ
    &xz_codec,
#endif
    NULL,
};
