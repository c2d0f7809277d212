/* SPDX-License-Identifier: MIT */
/* Strings in JSON (RFC 8259). Pure functions. */
#ifndef BIGFS_CORE_BASE_JSON_H
#define BIGFS_CORE_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes that each byte of a text takes in a string; there are two quotes beside. */
enum { JSON_BYTE_MOST = 6 };

/*
 * Writes a text that ends with a NUL as a string, with its quotes, to `string`, and returns how
 * long that is. Control characters are escaped. Each byte that is not valid UTF-8 becomes U+FFFD,
 * as JSON has no way to write it; *exact tells whether there was none.
 */
size_t json_write_string(const char *text, char *string, bool *exact);

#endif
