/* SPDX-License-Identifier: MIT */
/*
 * The table of record formats: one row and one pair of files each. A row may stand for a family of
 * formats that differ in a parameter.
 */
#ifndef BIGFS_CORE_FORMAT_RECORD_FORMATS_H
#define BIGFS_CORE_FORMAT_RECORD_FORMATS_H

#include <stddef.h>

#include "core/format/record_format.h"

struct record_formats {
    const struct record_format *formats;
    size_t count;
    /* The one with this name in paths, or NULL. If this is NULL, there is one, by its name. */
    const struct record_format *(*named)(const char *name, size_t length);
    const char *family; /* what all these names begin with; NULL: there is one format */
    const char *values; /* what may follow, for people; NULL the same */
};

/* Ends with a row without formats. The first is the default, which no path names. */
extern const struct record_formats record_formats[];

/* The default: lines. */
extern const struct record_format *const default_format;

/* The format with this name of `length` bytes in paths, or NULL. */
const struct record_format *record_format_named(const char *name, size_t length);

/* The format with this number, or NULL. */
const struct record_format *record_format_numbered(uint32_t number);

/* The format with this name in names of index files, or NULL. */
const struct record_format *record_format_filed(const char *name);

#endif
