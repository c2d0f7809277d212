/* SPDX-License-Identifier: MIT */
/* The table of record formats: one row and one pair of files each. */
#ifndef BIGFS_CORE_FORMAT_RECORD_FORMATS_H
#define BIGFS_CORE_FORMAT_RECORD_FORMATS_H

#include <stddef.h>

#include "core/format/record_format.h"

/* Ends with NULL. The first one is the default, which no path names. */
extern const struct record_format *const record_formats[];

/* The format with this name of `length` bytes, or NULL. */
const struct record_format *record_format_named(const char *name, size_t length);

#endif
