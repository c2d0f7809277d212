/* SPDX-License-Identifier: MIT */
/*
 * Patterns with models of what they match, which use no regular expressions, and contents that are
 * easily cut wrongly.
 */
#ifndef BIGFS_TESTS_PATTERN_MODEL_H
#define BIGFS_TESTS_PATTERN_MODEL_H

#include <string.h>

#include "core/base/checked.h"
#include "core/format/pattern.h"
#include "tests/unit/support.h"

/* A line without its LF. If it goes on, these are its first PATTERN_LINE bytes. */
struct model_line {
    const uint8_t *bytes;
    size_t length;
    bool goes_on;
};

struct pattern_model {
    const char *regex;
    bool (*matches)(const struct model_line *line);
};

static inline bool model_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool model_two_digits(const struct model_line *line)
{
    return line->length >= 3 && model_digit(line->bytes[0]) && model_digit(line->bytes[1]) &&
           line->bytes[2] == '-';
}

static inline bool model_either(const struct model_line *line)
{
    return (line->length >= 1 && line->bytes[0] == 'E') ||
           (line->length >= 2 && memcmp(line->bytes, "WW", 2) == 0);
}

static inline bool model_not_indented(const struct model_line *line)
{
    return line->length >= 1 && line->bytes[0] != ' ' && line->bytes[0] != '\t';
}

static inline bool model_only_x(const struct model_line *line)
{
    for (size_t i = 0; i < line->length; i++)
        if (line->bytes[i] != 'x')
            return false;
    return !line->goes_on;
}

static inline bool model_far(const struct model_line *line)
{
    return memchr(line->bytes, '-', line->length) != NULL;
}

static inline bool model_any_but_nul(const struct model_line *line)
{
    return line->length >= 2 && line->bytes[0] == 'x' && line->bytes[1] != 0;
}

static const struct pattern_model pattern_models[] = {
    {"[0-9]{2}-", model_two_digits}, {"E|(WW)", model_either}, {"[^ \t]", model_not_indented},
    {"x*$", model_only_x},           {"[^-]*-", model_far},    {"x.", model_any_but_nul},
};

static inline struct record_format *model_pattern(const struct pattern_model *model)
{
    struct record_format *format = NULL;
    const char *wrong = NULL;
    assert_int_equal(pattern_new("entry", model->regex, &format, &wrong), 0);
    return format;
}

/* Whether a record starts at a place in the content. */
static inline bool model_starts(const struct pattern_model *model, const uint8_t *bytes,
                                uint64_t size, uint64_t place)
{
    if (place == 0 || place >= size || bytes[place - 1] != '\n')
        return place == 0;
    const uint8_t *newline = memchr(bytes + place, '\n', size - place);
    uint64_t length = newline != NULL ? (uint64_t)(newline - bytes) - place : size - place;
    const struct model_line line = {bytes + place, min_u64(length, PATTERN_LINE),
                                    length > PATTERN_LINE};
    return model->matches(&line);
}

/* The first record start at or after `place`, or the size. */
static inline uint64_t model_boundary(const struct pattern_model *model, const uint8_t *bytes,
                                      uint64_t size, uint64_t place)
{
    while (place < size && !model_starts(model, bytes, size, place)) {
        const uint8_t *newline = memchr(bytes + place, '\n', size - place);
        place = newline != NULL ? (uint64_t)(newline - bytes) + 1 : size;
    }
    return min_u64(place, size);
}

/* Lengths of lines around what is read at once, and what is looked at of a line. */
static inline uint64_t model_line_length(struct random *random)
{
    static const uint64_t edges[] = {4096,         8192,         20480,
                                     PATTERN_LINE, PATTERN_LINE, 2 * PATTERN_LINE};
    if (random_chance(random, 96))
        return random_below(random, 40);
    return edges[random_below(random, LENGTH_OF(edges))] - 4 + random_below(random, 8);
}

/* Fills bytes with lines that match now and then. */
static inline void model_fill(struct random *random, uint8_t *bytes, uint64_t size)
{
    static const char *const starts[] = {"12-", "1", "E", "WW", "W", " ", "\t", "xx", "x", "", "-"};
    static const char rest[] = "xxxxxxxxxxxx -\0";
    const bool only_x = random_chance(random, 50);

    for (uint64_t at = 0; at < size;) {
        const char *start = starts[random_below(random, LENGTH_OF(starts))];
        const uint64_t end = min_u64(size, at + model_line_length(random));
        for (; *start != '\0' && at < end; start++)
            bytes[at++] = (uint8_t)*start;
        for (; at < end; at++)
            bytes[at] = only_x ? 'x' : (uint8_t)rest[random_below(random, sizeof(rest) - 1)];
        if (at < size)
            bytes[at++] = '\n';
    }
}

#endif
