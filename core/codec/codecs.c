/* SPDX-License-Identifier: MIT */
#include "core/codec/codecs.h"

const struct codec *const codecs[] = {
    NULL,
};
