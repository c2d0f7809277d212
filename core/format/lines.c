/* SPDX-License-Identifier: MIT */
#include "core/format/lines.h"

#include <string.h>

#include "core/format/byte_count.h"

static const uint8_t *find_line_end(const uint8_t *bytes, size_t length)
{
    return memchr(bytes, '\n', length);
}

static uint64_t count_line_ends(const uint8_t *bytes, size_t length)
{
    return byte_count(bytes, length, '\n');
}

static size_t find_nth_line_end(const uint8_t *bytes, size_t length, uint64_t nth)
{
    return byte_find_nth(bytes, length, '\n', nth);
}

const struct record_format lines_format = {
    .name = "lines",
    .number = 0,
    .find_end = find_line_end,
    .count_ends = count_line_ends,
    .find_nth_end = find_nth_line_end,
};
