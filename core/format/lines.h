/* SPDX-License-Identifier: MIT */
/* Lines: records that end in LF. CR, NUL and byte-order marks are ordinary bytes. */
#ifndef BIGFS_CORE_FORMAT_LINES_H
#define BIGFS_CORE_FORMAT_LINES_H

#include "core/format/record_format.h"

extern const struct record_format lines_format;

#endif
