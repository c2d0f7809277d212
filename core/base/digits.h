/* SPDX-License-Identifier: MIT */
/* Numbers of 64 bits as 16 hexadecimal digits, in lower case, as "%016" PRIx64 writes them. */
#ifndef BIGFS_CORE_BASE_DIGITS_H
#define BIGFS_CORE_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Reads such a number at the start of a text. Returns what follows it, or NULL if there is none.
 * Reads no byte after the first one that is no such digit.
 */
static inline const char *digits_parse(const char *text, uint64_t *number)
{
    static const char digits[] = "0123456789abcdef";

    *number = 0;
    for (size_t i = 0; i < 16; i++) {
        const char *digit = (const char *)memchr(digits, text[i], sizeof(digits) - 1);
        if (digit == NULL)
            return NULL;
        *number = *number << 4 | (uint64_t)(digit - digits);
    }
    return text + 16;
}

#endif
