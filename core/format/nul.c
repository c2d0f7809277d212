/* SPDX-License-Identifier: MIT */
#include "core/format/nul.h"

#include "core/format/byte_count.h"

static size_t find_nul(const struct record_format *format, const uint8_t *bytes, size_t length,
                       uint8_t *state, uint64_t nth)
{
    (void)format;
    (void)state;
    return byte_find_nth(bytes, length, '\0', nth);
}

static uint64_t count_nuls(const struct record_format *format, const uint8_t *bytes, size_t length,
                           uint8_t *state)
{
    (void)format;
    (void)state;
    return byte_count(bytes, length, '\0');
}

static bool ends_with_nul(uint8_t last, uint8_t state)
{
    (void)state;
    return last == '\0';
}

const struct record_format nul_format = {
    .name = "nul",
    .number = 1,
    .states = 1,
    .zeros_end = true,
    .find_end = find_nul,
    .count_ends = count_nuls,
    .is_complete = ends_with_nul,
};
