/* SPDX-License-Identifier: MIT */
#include "core/format/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/format/pattern_parse.h"

/* The first line that starts at index `from` (at least 1) or after it and before `limit`. */
static size_t next_line(const struct record_text *text, size_t from)
{
    if (from >= text->limit)
        return text->limit;
    const uint8_t *newline = memchr(text->bytes + from - 1, '\n', text->limit - from);
    return newline != NULL ? (size_t)(newline - text->bytes) + 1 : text->limit;
}

enum line_match { LINE_OTHER, LINE_MATCHES, LINE_UNKNOWN };

/* Whether the line at this index starts a record. */
static enum line_match match_line(const struct pattern_automaton *automaton,
                                  const struct record_text *text, size_t line)
{
    const uint8_t *start = text->bytes + line;
    const size_t rest = text->length - line;
    const size_t seen = rest < PATTERN_LINE + 1 ? rest : PATTERN_LINE + 1;
    const uint8_t *newline = memchr(start, '\n', seen);

    if (newline == NULL && seen <= PATTERN_LINE && !text->ends)
        return LINE_UNKNOWN;
    const bool goes_on = newline == NULL && seen > PATTERN_LINE;
    const size_t length = newline != NULL ? (size_t)(newline - start) : seen - (goes_on ? 1 : 0);
    return pattern_automaton_matches(automaton, start, length, goes_on) ? LINE_MATCHES : LINE_OTHER;
}

static bool find_start(const struct record_format *format, const struct record_text *text,
                       size_t *at)
{
    enum line_match match = LINE_OTHER;

    *at = next_line(text, 1);
    while (*at < text->limit) {
        match = match_line(format->automaton, text, *at);
        if (match != LINE_OTHER)
            break;
        *at = next_line(text, *at + 1);
    }
    return match == LINE_MATCHES;
}

int pattern_new(const char *name, const char *regex, struct record_format **format,
                const char **wrong)
{
    struct pattern_automaton *automaton = malloc(sizeof(*automaton));
    struct record_format *made = malloc(sizeof(*made));
    char *own_name = strdup(name);
    char *own_regex = strdup(regex);
    bool complete = automaton != NULL && made != NULL && own_name != NULL && own_regex != NULL;
    int error = complete ? 0 : -ENOMEM;

    *wrong = error == 0 ? pattern_parse(regex, automaton) : NULL;
    if (error != 0 || *wrong != NULL) {
        free(automaton);
        free(made);
        free(own_name);
        free(own_regex);
        return error != 0 ? error : -EINVAL;
    }
    *made = (struct record_format){
        .name = own_name,
        .automaton = automaton,
        .expression = own_regex,
        .states = 1,
        .ends_before = true,
        .context = 1,
        .reach = PATTERN_LINE + 1, /* with the LF */
        .find_ahead = find_start,
    };
    *format = made;
    return 0;
}

void pattern_free(struct record_format *format)
{
    if (format == NULL)
        return;
    free((void *)format->name);
    free((void *)format->automaton);
    free((void *)format->expression);
    free(format);
}
