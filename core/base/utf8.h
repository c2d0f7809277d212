/* SPDX-License-Identifier: MIT */
/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. Pure functions. */
#ifndef BIGFS_CORE_BASE_UTF8_H
#define BIGFS_CORE_BASE_UTF8_H

#include <stddef.h>

/*
 * How many bytes the character at the start of a text takes that ends with a NUL, 1 to 4, or 0 if
 * no valid one starts there. Reads no byte after the first one that does not belong to it.
 */
size_t utf8_character(const char *text);

#endif
