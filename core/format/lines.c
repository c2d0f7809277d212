/* SPDX-License-Identifier: MIT */
#include "core/format/lines.h"

#include <string.h>

#include "core/format/byte_count.h"

static size_t find_line_end(const struct record_format *format, const uint8_t *bytes, size_t length,
                            uint8_t *state, uint64_t nth)
{
    (void)format;
    (void)state;
    return byte_find_nth(bytes, length, '\n', nth);
}

static uint64_t count_line_ends(const struct record_format *format, const uint8_t *bytes,
                                size_t length, uint8_t *state)
{
    (void)format;
    (void)state;
    return byte_count(bytes, length, '\n');
}

static bool ends_with_line_end(uint8_t last, uint8_t state)
{
    (void)state;
    return last == '\n';
}

const struct record_format lines_format = {
    .name = "lines",
    .number = 0,
    .states = 1,
    .find_end = find_line_end,
    .count_ends = count_line_ends,
    .is_complete = ends_with_line_end,
};
