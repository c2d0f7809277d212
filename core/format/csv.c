/* SPDX-License-Identifier: MIT */
#include "core/format/csv.h"

#include <string.h>

#include "core/base/checked.h"
#include "core/format/byte_count.h"
#include "core/format/csv_run.h"

enum {
    FEW = 256,   /* bytes after which most wrong guesses of the state have come to the right one */
    MANY = 4096, /* bytes after which to look whether the others have, and whether quotes follow */
};

/* --- finding and counting --------------------------------------------------------------------- */

static size_t find_in_stretch(const struct record_format *format, const uint8_t *bytes,
                              size_t length, uint8_t *state, uint64_t nth)
{
    enum csv_state now = *state;
    size_t at = 0;

    for (; at < length; at++) {
        bool ends;
        now = csv_step(now, bytes[at], format->delimiter, &ends);
        if (ends && --nth == 0)
            break;
    }
    *state = (uint8_t)now;
    return at;
}

static size_t find_csv_end(const struct record_format *format, const uint8_t *bytes, size_t length,
                           uint8_t *state, uint64_t nth)
{
    size_t at = 0;

    while (at < length) {
        const size_t part = (size_t)min_u64(length - at, FEW);
        uint8_t after = *state;
        uint64_t ends = csv_run(bytes + at, part, format->delimiter, &after);
        if (ends >= nth)
            return at + find_in_stretch(format, bytes + at, part, state, nth);
        nth -= ends;
        *state = after;
        at += part;
    }
    return length;
}

/* The state after bytes without a quote, the last of which is given: a quoted field goes on. */
static uint8_t state_without_quotes(const struct record_format *format, uint8_t last, uint8_t state)
{
    if (state == CSV_QUOTED)
        return CSV_QUOTED;
    return last == '\n' || last == format->delimiter ? CSV_FIELD_START : CSV_UNQUOTED;
}

/* Without a quote, every LF ends a record, unless a quoted field goes on. */
static uint64_t count_csv_ends(const struct record_format *format, const uint8_t *bytes,
                               size_t length, uint8_t *state)
{
    uint64_t ends = 0;

    while (length > 0) {
        const size_t part = (size_t)min_u64(length, MANY);
        if (memchr(bytes, '"', part) != NULL) {
            ends += csv_run(bytes, part, format->delimiter, state);
        } else {
            ends += *state != CSV_QUOTED ? byte_count(bytes, part, '\n') : 0;
            *state = state_without_quotes(format, bytes[part - 1], *state);
        }
        bytes += part;
        length -= part;
    }
    return ends;
}

/* --- for every state -------------------------------------------------------------------------- */

/* Whether two of the states that a stretch may begin in have not come to the same state. */
static bool is_undecided(const struct record_effect *effect)
{
    for (unsigned i = 1; i < CSV_STATES; i++)
        if (effect->to[i] != effect->to[0])
            return true;
    return false;
}

/* Bytes without a quote are counted once for all states. */
static void pass_without_quotes(const struct record_format *format, const uint8_t *bytes,
                                size_t length, struct record_effect *effect)
{
    const uint64_t ends = byte_count(bytes, length, '\n');

    for (unsigned i = 0; i < CSV_STATES; i++) {
        effect->ends[i] += effect->to[i] != CSV_QUOTED ? ends : 0;
        effect->to[i] = state_without_quotes(format, bytes[length - 1], effect->to[i]);
    }
}

/* Runs once for each state that there is. */
static void pass_by_running(const struct record_format *format, const uint8_t *bytes, size_t length,
                            struct record_effect *effect)
{
    const struct record_effect before = *effect;
    uint64_t ends[CSV_STATES] = {0};

    for (unsigned i = 0; i < CSV_STATES; i++) {
        unsigned first = 0; /* of those that begin here in the same state */
        while (before.to[first] != before.to[i])
            first++;
        if (first == i)
            ends[i] = csv_run(bytes, length, format->delimiter, &effect->to[i]);
        effect->ends[i] += ends[first];
        effect->to[i] = effect->to[first];
    }
}

static void pass_csv(const struct record_format *format, const uint8_t *bytes, size_t length,
                     struct record_effect *effect)
{
    size_t step = FEW;

    while (length > 0) {
        const bool undecided = is_undecided(effect);
        const size_t part = undecided ? (size_t)min_u64(length, step) : length;
        if (undecided && memchr(bytes, '"', part) == NULL)
            pass_without_quotes(format, bytes, part, effect);
        else
            pass_by_running(format, bytes, part, effect);
        step = MANY;
        bytes += part;
        length -= part;
    }
}

/* An LF leaves another state than this if it is quoted. */
static bool ends_with_csv_end(uint8_t last, uint8_t state)
{
    return last == '\n' && state == CSV_FIELD_START;
}

/* --- the formats ------------------------------------------------------------------------------ */

#define CSV_FORMAT(digits)                                                                         \
    {                                                                                              \
        .name = "csv-" #digits, .number = 256 + 0x##digits, .states = CSV_STATES,                  \
        .delimiter = 0x##digits, .needs_index = true,                                              \
        .after_zeros = {CSV_UNQUOTED, CSV_UNQUOTED, CSV_QUOTED, CSV_UNQUOTED},                     \
        .find_end = find_csv_end, .count_ends = count_csv_ends, .pass = pass_csv,                  \
        .is_complete = ends_with_csv_end,                                                          \
    }

#define CSV_4(high, a, b, c, d)                                                                    \
    CSV_FORMAT(high##a), CSV_FORMAT(high##b), CSV_FORMAT(high##c), CSV_FORMAT(high##d)

#define CSV_16(high)                                                                               \
    CSV_4(high, 0, 1, 2, 3), CSV_4(high, 4, 5, 6, 7), CSV_4(high, 8, 9, a, b),                     \
        CSV_4(high, c, d, e, f)

const struct record_format csv_formats[256] = {
    CSV_16(0), CSV_16(1), CSV_16(2), CSV_16(3), CSV_16(4), CSV_16(5), CSV_16(6), CSV_16(7),
    CSV_16(8), CSV_16(9), CSV_16(a), CSV_16(b), CSV_16(c), CSV_16(d), CSV_16(e), CSV_16(f),
};

const struct record_format *csv_format_named(const char *name, size_t length)
{
    static const char no_delimiters[] = {',', '"', '/', '\r', '\n', '\0'};
    const char *value = name + strlen("csv=");

    if (length == strlen("csv") && memcmp(name, "csv", length) == 0)
        return &csv_formats[','];
    if (length < strlen("csv=x") || memcmp(name, "csv=", strlen("csv=")) != 0)
        return NULL;
    length -= strlen("csv=");
    if (length == strlen("tab") && memcmp(value, "tab", length) == 0)
        return &csv_formats['\t'];
    if (length != 1 || memchr(no_delimiters, *value, sizeof(no_delimiters)) != NULL)
        return NULL;
    return &csv_formats[(uint8_t)*value];
}
