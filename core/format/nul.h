/* SPDX-License-Identifier: MIT */
/* Records that end in NUL, as `find -print0` and `xargs -0` have them. */
#ifndef BIGFS_CORE_FORMAT_NUL_H
#define BIGFS_CORE_FORMAT_NUL_H

#include "core/format/record_format.h"

extern const struct record_format nul_format;

#endif
