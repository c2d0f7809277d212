/* SPDX-License-Identifier: MIT */
/* SIZE and COUNT as users write them: decimal digits and an optional suffix. */
#ifndef BIGFS_CORE_BASE_QUANTITY_H
#define BIGFS_CORE_BASE_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Parses the `length` bytes at `text` as a SIZE: digits, then nothing or one of K, M, G, T in
 * either case, powers of 1024. Zero is accepted; a caller that needs a positive size checks for it.
 * Returns 0 and sets *value (at most OFFSET_MAX), -EINVAL if the text is not of this form, or
 * -ERANGE if the value is too large for a file offset.
 */
int quantity_parse_size(const char *text, size_t length, uint64_t *value);

/* The same with K, M, G as powers of 1000: a COUNT. */
int quantity_parse_count(const char *text, size_t length, uint64_t *value);

/* The same without a suffix: a plain number. */
int quantity_parse_number(const char *text, size_t length, uint64_t *value);

/* Room for any quantity. */
enum { QUANTITY_MOST = 24 };

/*
 * Writes a SIZE, or a COUNT, to `text`, with the largest suffix that leaves an integer: "64M".
 * quantity_parse_size(), or quantity_parse_count(), reads it again.
 */
void quantity_write_size(uint64_t value, char text[static QUANTITY_MOST]);
void quantity_write_count(uint64_t value, char text[static QUANTITY_MOST]);

#endif
