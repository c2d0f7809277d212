/* SPDX-License-Identifier: MIT */
#include "core/view/view_argument.h"

#include <string.h>

#include "core/base/quantity.h"
#include "core/format/record_formats.h"

/* --- each argument: reads it, or returns false and leaves the view alone ---------------------- */

/* If the text is `name` and a value, returns the value and shortens *length to its own. */
static const char *value_of(const char *name, const char *text, size_t *length)
{
    const size_t used = strlen(name);

    if (*length < used || memcmp(text, name, used) != 0)
        return NULL;
    *length -= used;
    return text + used;
}

static bool parse_size(const char *text, size_t length, struct view *view)
{
    return partition_parse(text, length, view->type->parse_size, &view->partition);
}

/* Reads "header" or "header=H". */
static bool parse_header(const char *text, size_t length, struct view *view)
{
    uint64_t header = 1;
    const char *value = value_of("header", text, &length);

    if (value == NULL)
        return false;
    if (length > 0 && (value[0] != '=' ||
                       quantity_parse_number(value + 1, length - 1, &header) != 0 || header == 0))
        return false;
    view->header = header;
    return true;
}

static bool parse_format(const char *text, size_t length, struct view *view)
{
    const struct record_format *format = record_format_named(text, length);

    if (format == NULL)
        return false;
    view->format = format;
    return true;
}

static bool parse_from(const char *text, size_t length, struct view *view)
{
    const char *value = value_of("from=", text, &length);
    return value != NULL && quantity_parse_size(value, length, &view->from) == 0;
}

static bool parse_to(const char *text, size_t length, struct view *view)
{
    const char *value = value_of("to=", text, &length);

    if (value == NULL || quantity_parse_size(value, length, &view->to) != 0)
        return false;
    view->has_to = true;
    return true;
}

static bool parse_pin(const char *text, size_t length, struct view *view)
{
    const char *value = value_of("pin=", text, &length);
    return value != NULL && content_word_parse(value, length, &view->pin);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct view_argument {
    enum view_argument_bit bit;
    bool (*parse)(const char *text, size_t length, struct view *view);
} arguments[] = {
    {TAKES_SIZE, parse_size}, {TAKES_HEADER, parse_header}, {TAKES_FORMAT, parse_format},
    {TAKES_FROM, parse_from}, {TAKES_TO, parse_to},         {TAKES_PIN, parse_pin},
};

enum { ARGUMENTS = sizeof(arguments) / sizeof(arguments[0]) };

/* Reads one ARG that is not yet in *given. */
static bool parse_argument(const char *text, size_t length, struct view *view, unsigned *given)
{
    for (size_t i = 0; i < ARGUMENTS; i++) {
        const unsigned bit = arguments[i].bit;
        if ((view->type->takes & bit) != 0 && arguments[i].parse(text, length, view)) {
            bool first = (*given & bit) == 0;
            *given |= bit;
            return first;
        }
    }
    return false;
}

bool view_arguments_parse(const char *text, size_t length, struct view *view)
{
    const char *end = text + length;
    unsigned given = 0;

    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma != NULL ? comma : end;
        if (!parse_argument(text, (size_t)(stop - text), view, &given))
            return false;
        if (comma == NULL)
            return true;
        text = comma + 1;
    }
}
