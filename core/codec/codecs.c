/* SPDX-License-Identifier: MIT */
#include "core/codec/codecs.h"

#include "core/codec/gzip.h"

const struct codec *const codecs[] = {
#ifdef BIGFS_HAS_GZIP
    &gzip_codec,
#endif
    NULL,
};
