/* SPDX-License-Identifier: MIT */
/*
 * The patterns of one mount, by their names, as --record gives them.
 *
 * Constant once the options are read, so any thread may find one without a lock.
 */
#ifndef BIGFS_CORE_FORMAT_PATTERNS_H
#define BIGFS_CORE_FORMAT_PATTERNS_H

#include <stddef.h>

#include "core/format/pattern.h"

struct patterns {
    struct record_format **formats; /* owned */
    size_t count;
};

/*
 * Takes over a pattern. Returns 0; or -EEXIST if there is one with its name, or -ENOMEM, and the
 * caller keeps it.
 */
int patterns_add(struct patterns *patterns, struct record_format *format);

/* The pattern with this name of `length` bytes, or NULL. `patterns` may be NULL: none. */
const struct record_format *patterns_find(const struct patterns *patterns, const char *name,
                                          size_t length);

/*
 * The format with this name of `length` bytes in paths: one of the table of formats, or a pattern.
 * NULL: there is none. `patterns` may be NULL.
 */
const struct record_format *patterns_find_format(const struct patterns *patterns, const char *name,
                                                 size_t length);

/* Frees all of them. */
void patterns_destroy(struct patterns *patterns);

#endif
