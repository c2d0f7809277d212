/* SPDX-License-Identifier: MIT */
#include "core/view/key_name.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The value of a hexadecimal digit, or -1. The C library's functions depend on the locale. */
static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Reads the byte after a %. */
static bool decode_byte(const char *digits, size_t length, uint8_t *byte)
{
    if (length < 2)
        return false;
    int high = digit_value(digits[0]);
    int low = digit_value(digits[1]);
    *byte = (uint8_t)(high * 16 + low);
    return high >= 0 && low >= 0;
}

static bool decode_key(const char *text, size_t length, struct sort_key *key)
{
    key->length = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (key->length == SORT_KEY_MOST)
            return false;
        if (text[i] == '%') {
            if (!decode_byte(text + i + 1, length - i - 1, &byte))
                return false;
            i += 2;
        }
        key->bytes[key->length++] = byte;
    }
    return true;
}

/*
 * Makes the smallest key above all that begin with `prefix`. Returns false if there is none: above
 * a last byte of 0xff there is only what follows the byte before it.
 */
static bool follow_prefix(const struct sort_key *prefix, struct sort_key *key)
{
    *key = *prefix;
    while (key->length > 0 && key->bytes[key->length - 1] == UINT8_MAX)
        key->length--;
    if (key->length == 0)
        return false;
    key->bytes[key->length - 1]++;
    return true;
}

bool key_name_read(const char *name, struct key_range *range)
{
    const char *dots = strstr(name, "..");
    size_t length = dots != NULL ? (size_t)(dots - name) : strlen(name);

    if (!decode_key(name, length, &range->from))
        return false;
    range->has_from = length > 0;
    if (dots == NULL) {
        range->has_to = follow_prefix(&range->from, &range->to);
        return range->has_from;
    }
    range->has_to = dots[2] != '\0';
    return decode_key(dots + 2, strlen(dots + 2), &range->to) && (range->has_from || range->has_to);
}
