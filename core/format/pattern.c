/* SPDX-License-Identifier: MIT */
#include "core/format/pattern.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/format/pattern_syntax.h"

/*
 * An expression is compiled for each text, which takes microseconds. So threads do not wait for the
 * lock of a shared one, and the states that the C library adds to it while it matches cannot pile
 * up: there are at most as many as the text has bytes.
 */
static int compile_pattern(const char *regex, regex_t *compiled)
{
    AUTO_FREE char *anchored = NULL;
    if (asprintf(&anchored, "^(%s)", regex) < 0) {
        anchored = NULL;
        return REG_ESPACE;
    }
    return regcomp(compiled, anchored, REG_EXTENDED | REG_NOSUB);
}

/* The first line that starts at index `from` (at least 1) or after it and before `limit`. */
static size_t next_line(const struct record_text *text, size_t from)
{
    if (from >= text->limit)
        return text->limit;
    const uint8_t *newline = memchr(text->bytes + from - 1, '\n', text->limit - from);
    return newline != NULL ? (size_t)(newline - text->bytes) + 1 : text->limit;
}

enum line_match { LINE_OTHER, LINE_MATCHES, LINE_UNKNOWN };

/* Whether the line at this index starts a record. Returns an enum line_match or -ENOMEM. */
static int match_line(const regex_t *compiled, const struct record_text *text, size_t line)
{
    const uint8_t *start = text->bytes + line;
    const size_t rest = text->length - line;
    const size_t seen = rest < PATTERN_LINE + 1 ? rest : PATTERN_LINE + 1;
    const uint8_t *newline = memchr(start, '\n', seen);

    if (newline == NULL && seen <= PATTERN_LINE && !text->ends)
        return LINE_UNKNOWN;
    bool goes_on = newline == NULL && seen > PATTERN_LINE;
    size_t length = newline != NULL ? (size_t)(newline - start) : seen - (goes_on ? 1 : 0);
    regmatch_t part = {.rm_so = 0, .rm_eo = (regoff_t)length};
    int result =
        regexec(compiled, (const char *)start, 1, &part, REG_STARTEND | (goes_on ? REG_NOTEOL : 0));
    if (result == REG_ESPACE)
        return -ENOMEM;
    return result == 0 ? LINE_MATCHES : LINE_OTHER;
}

static int find_start(const struct record_format *format, const struct record_text *text,
                      size_t *at)
{
    regex_t compiled;
    int match = LINE_OTHER;

    *at = next_line(text, 1);
    if (*at >= text->limit)
        return 0;
    if (compile_pattern(format->regex, &compiled) != 0)
        return -ENOMEM; /* it was compiled before */
    while (*at < text->limit) {
        match = match_line(&compiled, text, *at);
        if (match != LINE_OTHER)
            break;
        *at = next_line(text, *at + 1);
    }
    regfree(&compiled);
    return match < 0 ? match : match == LINE_MATCHES;
}

/* Checks the expression as it is and as it is used. */
static int check_regex(const char *regex, char *why)
{
    regex_t compiled;
    const char *wrong = pattern_syntax_error(regex);
    if (wrong != NULL) {
        (void)snprintf(why, PATTERN_WHY, "%s", wrong);
        return -EINVAL;
    }
    int result = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB);
    if (result == 0) {
        regfree(&compiled);
        result = compile_pattern(regex, &compiled);
    }
    if (result == 0) {
        regfree(&compiled);
        return 0;
    }
    (void)regerror(result, &compiled, why, PATTERN_WHY);
    return result == REG_ESPACE ? -ENOMEM : -EINVAL;
}

int pattern_new(const char *name, const char *regex, struct record_format **format, char *why)
{
    int error = check_regex(regex, why);
    if (error != 0)
        return error;
    struct record_format *made = malloc(sizeof(*made));
    if (made == NULL)
        return -ENOMEM;
    *made = (struct record_format){
        .name = strdup(name),
        .regex = strdup(regex),
        .states = 1,
        .ends_before = true,
        .context = 1,
        .reach = PATTERN_LINE + 1, /* with the LF */
        .find_ahead = find_start,
    };
    if (made->name == NULL || made->regex == NULL) {
        pattern_free(made);
        return -ENOMEM;
    }
    *format = made;
    return 0;
}

void pattern_free(struct record_format *format)
{
    if (format == NULL)
        return;
    free((char *)format->name);
    free((char *)format->regex);
    free(format);
}
