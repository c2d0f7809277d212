/* SPDX-License-Identifier: MIT */
#include "core/view/view_argument.h"

#include <string.h>

#include "core/base/quantity.h"
#include "core/format/record_formats.h"

/* One ARG as it stands in a name. */
struct argument {
    const char *text;
    size_t length;
    const struct patterns *patterns; /* formats that it may name; NULL: none */
};

/* --- each argument: reads it, or returns false and leaves the view alone ---------------------- */

/* If the argument is `name` and a value, returns the value and sets *length to its own. */
static const char *value_of(const char *name, const struct argument *argument, size_t *length)
{
    const size_t used = strlen(name);

    if (argument->length < used || memcmp(argument->text, name, used) != 0)
        return NULL;
    *length = argument->length - used;
    return argument->text + used;
}

static bool parse_size(const struct argument *argument, struct view *view)
{
    return partition_parse(argument->text, argument->length, view->type->parse_size,
                           &view->partition);
}

/* Reads "header" or "header=H". */
static bool parse_header(const struct argument *argument, struct view *view)
{
    size_t length = 0;
    uint64_t header = 1;
    const char *value = value_of("header", argument, &length);

    if (value == NULL)
        return false;
    if (length > 0 && (value[0] != '=' ||
                       quantity_parse_number(value + 1, length - 1, &header) != 0 || header == 0))
        return false;
    view->header = header;
    return true;
}

static bool parse_format(const struct argument *argument, struct view *view)
{
    const struct record_format *format =
        patterns_find_format(argument->patterns, argument->text, argument->length);

    if (format == NULL || !view_type_takes_format(view->type, format))
        return false;
    view->format = format;
    return true;
}

static bool parse_from(const struct argument *argument, struct view *view)
{
    size_t length = 0;
    const char *value = value_of("from=", argument, &length);
    return value != NULL && quantity_parse_size(value, length, &view->from) == 0;
}

static bool parse_to(const struct argument *argument, struct view *view)
{
    size_t length = 0;
    const char *value = value_of("to=", argument, &length);

    if (value == NULL || quantity_parse_size(value, length, &view->to) != 0)
        return false;
    view->has_to = true;
    return true;
}

static bool parse_pin(const struct argument *argument, struct view *view)
{
    size_t length = 0;
    const char *value = value_of("pin=", argument, &length);
    return value != NULL && content_word_parse(value, length, &view->pin);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct view_argument {
    enum view_argument_bit bit;
    const char *word; /* what it begins with; NULL: it has no word of its own */
    bool (*parse)(const struct argument *argument, struct view *view);
    const char *form; /* for people; NULL: the type says it */
    const char *help; /* the same */
} arguments[] = {
    {TAKES_SIZE, NULL, parse_size, NULL, "how large pieces are; nN: how many there are"},
    {TAKES_HEADER, "header", parse_header, "header[=H]",
     "each piece starts with the first H records of the file, or with the first"},
    {TAKES_FORMAT, NULL, parse_format, "FORMAT", "what a record is, if it is no line: see below"},
    {TAKES_FROM, "from", parse_from, "from=OFFSET",
     "only what begins at this byte of the file, or after it"},
    {TAKES_TO, "to", parse_to, "to=OFFSET", "only what begins before this byte of the file"},
    {TAKES_PIN, "pin", parse_pin, "pin=WORD",
     "only the content that WORD names, which FILE/pin tells; another is ESTALE"},
};

enum { ARGUMENTS = sizeof(arguments) / sizeof(arguments[0]) };

bool view_argument_help(size_t number, struct view_argument_help *help)
{
    if (number >= ARGUMENTS)
        return false;
    *help = (struct view_argument_help){arguments[number].bit, arguments[number].form,
                                        arguments[number].help};
    return true;
}

/* Reads an argument that is not yet in *given. */
static bool parse_argument(const struct argument *argument, struct view *view, unsigned *given)
{
    for (size_t i = 0; i < ARGUMENTS; i++) {
        const unsigned bit = arguments[i].bit;
        if ((view->type->takes & bit) != 0 && arguments[i].parse(argument, view)) {
            bool first = (*given & bit) == 0;
            *given |= bit;
            return first;
        }
    }
    return false;
}

bool view_arguments_parse(const char *text, size_t length, const struct patterns *patterns,
                          struct view *view)
{
    const char *end = text + length;
    unsigned given = 0;

    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma != NULL ? comma : end;
        const struct argument argument = {text, (size_t)(stop - text), patterns};
        if (!parse_argument(&argument, view, &given))
            return false;
        if (comma == NULL)
            return true;
        text = comma + 1;
    }
}

/* --- names of patterns ------------------------------------------------------------------------ */

enum { PATTERN_NAME_MOST = 64 }; /* names of views have to have room for it */

/* Whether it is nN, which says a number of pieces. */
static bool means_pieces(const char *name)
{
    const size_t digits = strspn(name + 1, "0123456789");
    return name[0] == 'n' && digits > 0 && name[1 + digits] == '\0';
}

bool view_argument_may_name_pattern(const char *name)
{
    if (name[0] < 'a' || name[0] > 'z' ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0' ||
        strlen(name) > PATTERN_NAME_MOST)
        return false;
    for (size_t i = 0; i < ARGUMENTS; i++)
        if (arguments[i].word != NULL && strcmp(arguments[i].word, name) == 0)
            return false;
    return !means_pieces(name) && record_format_named(name, strlen(name)) == NULL;
}
