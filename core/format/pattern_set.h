/* SPDX-License-Identifier: MIT */
/* Sets of bytes in regular expressions: [abc], [^a-z], [[:digit:].,-]. */
#ifndef BIGFS_CORE_FORMAT_PATTERN_SET_H
#define BIGFS_CORE_FORMAT_PATTERN_SET_H

#include <stdbool.h>

struct byte_set {
    bool has[256];
};

/*
 * Reads a set in the C locale, from after its opening bracket on, and moves *at past it. In it a
 * backslash is an ordinary byte. Returns NULL, or what is wrong, as a few words. Pure.
 */
const char *pattern_set_parse(const char **at, struct byte_set *bytes);

#endif
