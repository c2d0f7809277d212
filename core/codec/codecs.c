/* SPDX-License-Identifier: MIT */
#include "core/codec/codecs.h"

#include "core/codec/xz.h"

const struct codec *const codecs[] = {
#ifdef BIGFS_HAS_XZ
    &xz_codec,
#endif
    NULL,
};
