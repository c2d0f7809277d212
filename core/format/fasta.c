/* SPDX-License-Identifier: MIT */
#include "core/format/fasta.h"

#include <string.h>

/* The start of a content is within a line, as the `>` there ends no record. */
enum { WITHIN_LINE, AT_LINE_START };

static uint8_t state_after(uint8_t byte)
{
    return byte == '\n' ? AT_LINE_START : WITHIN_LINE;
}

/* The first `>` at the start of a line from `at` on, or `length`. */
static size_t find_heading(const uint8_t *bytes, size_t length, size_t at, uint8_t state)
{
    while (at < length) {
        const uint8_t *found = memchr(bytes + at, '>', length - at);
        if (found == NULL)
            return length;
        at = (size_t)(found - bytes);
        if (at > 0 ? bytes[at - 1] == '\n' : state == AT_LINE_START)
            return at;
        at++;
    }
    return length;
}

static size_t find_sequence_end(const struct record_format *format, const uint8_t *bytes,
                                size_t length, uint8_t *state, uint64_t nth)
{
    size_t at = find_heading(bytes, length, 0, *state);
    (void)format;

    while (at < length && --nth > 0)
        at = find_heading(bytes, length, at + 1, *state);
    if (at < length)
        *state = WITHIN_LINE;
    else if (length > 0)
        *state = state_after(bytes[length - 1]);
    return at;
}

static uint64_t count_sequence_ends(const struct record_format *format, const uint8_t *bytes,
                                    size_t length, uint8_t *state)
{
    uint64_t ends = 0;
    size_t at = find_heading(bytes, length, 0, *state);
    (void)format;

    for (; at < length; ends++)
        at = find_heading(bytes, length, at + 1, *state);
    if (length > 0)
        *state = state_after(bytes[length - 1]);
    return ends;
}

/* The headings are counted once: only the first byte depends on the state. */
static void pass_sequences(const struct record_format *format, const uint8_t *bytes, size_t length,
                           struct record_effect *effect)
{
    uint8_t state = WITHIN_LINE;

    if (length == 0)
        return;
    uint64_t ends = count_sequence_ends(format, bytes, length, &state);
    for (unsigned i = 0; i < format->states; i++) {
        effect->ends[i] += ends + (bytes[0] == '>' && effect->to[i] == AT_LINE_START ? 1 : 0);
        effect->to[i] = state;
    }
}

/* The last record always ends with the content. */
static bool never_ends(uint8_t last, uint8_t state)
{
    (void)last;
    (void)state;
    return false;
}

const struct record_format fasta_format = {
    .name = "fasta",
    .number = 3,
    .states = 2,
    .ends_before = true,
    .context = 1,
    .after_zeros = {WITHIN_LINE, WITHIN_LINE},
    .find_end = find_sequence_end,
    .count_ends = count_sequence_ends,
    .pass = pass_sequences,
    .is_complete = never_ends,
};
