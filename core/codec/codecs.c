/* SPDX-License-Identifier: MIT */
#include "core/codec/codecs.h"

#include "core/codec/bgzf.h"

const struct codec *const codecs[] = {
#ifdef BIGFS_HAS_GZIP
    &bgzf_codec,
#endif
    NULL,
};
