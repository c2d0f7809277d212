/* SPDX-License-Identifier: MIT */
#include "core/format/fastq.h"

#include "core/base/checked.h"
#include "core/format/byte_count.h"

enum { LINES_OF_READ = 4 };

static size_t find_read_end(const struct record_format *format, const uint8_t *bytes, size_t length,
                            uint8_t *state, uint64_t nth)
{
    const uint64_t most = UINT64_MAX / LINES_OF_READ;
    uint64_t lines = LINES_OF_READ * min_u64(nth, most) - *state;
    size_t end = byte_find_nth(bytes, length, '\n', lines);

    if (end < length)
        *state = 0;
    else
        (void)format->count_ends(format, bytes, length, state);
    return end;
}

static void add_lines(uint64_t lines, uint8_t *state, uint64_t *ends)
{
    lines += *state;
    *state = (uint8_t)(lines % LINES_OF_READ);
    *ends += lines / LINES_OF_READ;
}

static uint64_t count_read_ends(const struct record_format *format, const uint8_t *bytes,
                                size_t length, uint8_t *state)
{
    uint64_t ends = 0;
    (void)format;
    add_lines(byte_count(bytes, length, '\n'), state, &ends);
    return ends;
}

/* The lines are counted once for all states. */
static void pass_reads(const struct record_format *format, const uint8_t *bytes, size_t length,
                       struct record_effect *effect)
{
    uint64_t lines = byte_count(bytes, length, '\n');
    for (unsigned i = 0; i < format->states; i++)
        add_lines(lines, &effect->to[i], &effect->ends[i]);
}

static bool ends_with_read_end(uint8_t last, uint8_t state)
{
    return last == '\n' && state == 0;
}

const struct record_format fastq_format = {
    .name = "fastq",
    .number = 2,
    .states = LINES_OF_READ,
    .needs_index = true,
    .after_zeros = {0, 1, 2, 3},
    .find_end = find_read_end,
    .count_ends = count_read_ends,
    .pass = pass_reads,
    .is_complete = ends_with_read_end,
};
