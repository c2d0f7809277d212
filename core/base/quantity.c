/* SPDX-License-Identifier: MIT */
#include "core/base/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"

static const char size_suffixes[] = "KMGT";
static const char count_suffixes[] = "KMG";

static int parse_digits(const char *text, size_t length, uint64_t *value)
{
    uint64_t sum = 0;
    bool fits = true;

    if (length == 0)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        fits =
            fits && checked_mul(sum, 10, &sum) && checked_add(sum, (uint64_t)(text[i] - '0'), &sum);
    }
    if (!fits || sum > OFFSET_MAX)
        return -ERANGE;
    *value = sum;
    return 0;
}

/* `suffixes` are upper-case letters: the first multiplies by `step`, the next by step², … */
static int parse_scaled(const char *text, size_t length, const char *suffixes, uint64_t step,
                        uint64_t *value)
{
    uint64_t scale = 1;
    uint64_t digits = 0;
    uint64_t scaled = 0;
    int error;

    if (length > 0 && isalpha((unsigned char)text[length - 1])) {
        const char *suffix = strchr(suffixes, toupper((unsigned char)text[length - 1]));
        if (suffix == NULL)
            return -EINVAL;
        for (const char *s = suffixes; s <= suffix; s++)
            scale *= step;
        length--;
    }
    error = parse_digits(text, length, &digits);
    if (error != 0)
        return error;
    if (!checked_mul(digits, scale, &scaled) || scaled > OFFSET_MAX)
        return -ERANGE;
    *value = scaled;
    return 0;
}

int quantity_parse_size(const char *text, size_t length, uint64_t *value)
{
    return parse_scaled(text, length, size_suffixes, 1024, value);
}

int quantity_parse_count(const char *text, size_t length, uint64_t *value)
{
    return parse_scaled(text, length, count_suffixes, 1000, value);
}

int quantity_parse_number(const char *text, size_t length, uint64_t *value)
{
    return parse_digits(text, length, value);
}

static void write_scaled(uint64_t value, const char *suffixes, uint64_t step, char *text)
{
    char suffix[2] = "";

    for (; *suffixes != '\0' && value > 0 && value % step == 0; suffixes++) {
        suffix[0] = *suffixes;
        value /= step;
    }
    (void)snprintf(text, QUANTITY_MOST, "%" PRIu64 "%s", value, suffix);
}

void quantity_write_size(uint64_t value, char text[static QUANTITY_MOST])
{
    write_scaled(value, size_suffixes, 1024, text);
}

void quantity_write_count(uint64_t value, char text[static QUANTITY_MOST])
{
    write_scaled(value, count_suffixes, 1000, text);
}
