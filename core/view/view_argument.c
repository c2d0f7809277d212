/* SPDX-License-Identifier: MIT */
#include "core/view/view_argument.h"

#include <stdio.h>
#include <string.h>

#include "core/base/nearest_word.h"
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
    const char *about;  /* what it is, after "takes no" and before "is given twice" */
    const char *wanted; /* what it should be, if it has a word */
    const char *form;   /* for people; NULL: the type says it */
    const char *help;   /* the same */
} arguments[] = {
    {TAKES_SIZE, NULL, parse_size, "SIZE", NULL, NULL,
     "how large pieces are; nN: how many there are"},
    {TAKES_HEADER, "header", parse_header, "header", "header= takes a number of records from 1",
     "header[=H]", "each piece starts with the first H records of the file, 1 if H is not given"},
    {TAKES_FORMAT, NULL, parse_format, "FORMAT", NULL, "FORMAT",
     "what a record is, if it is no line: see below"},
    {TAKES_FROM, "from", parse_from, "from=", "from= takes an OFFSET in bytes, such as from=10G",
     "from=OFFSET", "only what begins at this byte of the file, or after it"},
    {TAKES_TO, "to", parse_to, "to=", "to= takes an OFFSET in bytes, such as to=10G", "to=OFFSET",
     "only what begins before this byte of the file"},
    {TAKES_PIN, "pin", parse_pin, "pin=", "pin= takes the word that the file pin holds", "pin=WORD",
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

/*
 * Reads arguments up to the first that cannot be taken, which *argument then is. Returns whether
 * all were taken.
 */
static bool parse_arguments(const char *text, size_t length, const struct patterns *patterns,
                            struct view *view, struct argument *argument, unsigned *given)
{
    const char *end = text + length;

    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma != NULL ? comma : end;
        *argument = (struct argument){text, (size_t)(stop - text), patterns};
        if (!parse_argument(argument, view, given))
            return false;
        if (comma == NULL)
            return true;
        text = comma + 1;
    }
}

bool view_arguments_parse(const char *text, size_t length, const struct patterns *patterns,
                          struct view *view)
{
    struct argument argument;
    unsigned given = 0;

    return parse_arguments(text, length, patterns, view, &argument, &given);
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

/* --- why an argument is not taken ------------------------------------------------------------- */

/* An argument that was not taken, and where to say why. */
struct refusal {
    const struct argument *argument;
    const struct view_type *type;
    unsigned given; /* arguments that were taken before */
    char *text;
    size_t room;
};

/* Whether the argument is a word of the table, alone or with a value. */
static bool has_word(const struct argument *argument, const char *word)
{
    size_t length = 0;
    const char *value = word != NULL ? value_of(word, argument, &length) : NULL;
    return value != NULL && (length == 0 || value[0] == '=');
}

/* Says that the type does not take an argument of this kind, or not again. */
static bool refuse_kind(const struct refusal *refusal, const struct view_argument *kind)
{
    const char *size = refusal->type->size_name;
    const char *about = kind->bit == TAKES_SIZE && size != NULL ? size : kind->about;

    if ((refusal->type->takes & kind->bit) == 0)
        (void)snprintf(refusal->text, refusal->room, "%s takes no %s", refusal->type->name, about);
    else if ((refusal->given & kind->bit) != 0)
        (void)snprintf(refusal->text, refusal->room, "%s is given twice", about);
    else
        return false;
    return true;
}

/* The row of an argument that has no word of its own. */
static const struct view_argument *kind_of_bit(enum view_argument_bit bit)
{
    const struct view_argument *kind = arguments;
    while (kind->bit != bit)
        kind++;
    return kind;
}

/*
 * How much of a size was probably meant: 64M of 64MB or 64MiB, 512 of 512B, n16 of n16x. 0: it is
 * not known.
 */
static size_t meant_size(const struct argument *argument, const struct view_type *type)
{
    struct view view = {.type = type};
    struct argument part = *argument;

    while (part.length > 0 && !parse_size(&part, &view))
        part.length--;
    if (part.length == 0 || part.text[0] == 'n')
        return part.length;
    const char last = part.text[part.length - 1];
    const char next = part.text[part.length];
    return last > '9' || next == 'B' || next == 'b' ? part.length : 0;
}

/* A size or number of pieces. */
static void refuse_size(const struct refusal *refusal)
{
    const struct argument *argument = refusal->argument;
    const size_t meant = meant_size(argument, refusal->type);

    if (meant > 0)
        (void)snprintf(refusal->text, refusal->room, "write %.*s", (int)meant, argument->text);
    else if (argument->length > 0 && argument->text[0] == 'n')
        (void)snprintf(refusal->text, refusal->room, "%.*s: N must be a whole number, at least 1",
                       (int)argument->length, argument->text);
    else
        (void)snprintf(refusal->text, refusal->room,
                       "%.*s is no whole number from 1 that fits: write 16M, or n16 for 16 pieces",
                       (int)argument->length, argument->text);
}

static void offer_words(struct nearest_word *nearest, const struct argument *argument)
{
    for (size_t i = 0; i < ARGUMENTS; i++)
        if (arguments[i].word != NULL)
            nearest_word_offer(nearest, arguments[i].word);
    for (const struct record_formats *row = record_formats + 1; row->count > 0; row++)
        nearest_word_offer(nearest, row->family != NULL ? row->family : row->formats->name);
    for (size_t i = 0; argument->patterns != NULL && i < argument->patterns->count; i++)
        nearest_word_offer(nearest, argument->patterns->formats[i]->name);
}

static void refuse_unknown(const struct refusal *refusal)
{
    const struct argument *argument = refusal->argument;
    const char *equals = memchr(argument->text, '=', argument->length);
    const size_t length = equals != NULL ? (size_t)(equals - argument->text) : argument->length;
    struct nearest_word nearest = nearest_word_begin(argument->text, length);

    offer_words(&nearest, argument);
    if (nearest.word != NULL)
        (void)snprintf(refusal->text, refusal->room,
                       "there is no argument or format %.*s: did you mean %s?", (int)length,
                       argument->text, nearest.word);
    else
        (void)snprintf(refusal->text, refusal->room, "there is no argument or format %.*s",
                       (int)length, argument->text);
}

static bool is_like_size(const struct argument *argument)
{
    const size_t digit = argument->text[0] == 'n' ? 1 : 0;
    return argument->length > digit && argument->text[digit] >= '0' && argument->text[digit] <= '9';
}

/* What may follow the name of a family of formats; NULL: it is none. */
static const char *values_of(const struct argument *argument)
{
    for (const struct record_formats *row = record_formats + 1; row->count > 0; row++)
        if (has_word(argument, row->family))
            return row->values;
    return NULL;
}

static bool is_format(const struct argument *argument)
{
    return patterns_find_format(argument->patterns, argument->text, argument->length) != NULL;
}

/* A format that there is not, or that the type cannot have. */
static void refuse_format(const struct refusal *refusal)
{
    if (refuse_kind(refusal, kind_of_bit(TAKES_FORMAT)))
        return;
    if (is_format(refusal->argument))
        (void)snprintf(refusal->text, refusal->room,
                       "%s needs an index, which this format cannot have", refusal->type->name);
    else
        (void)snprintf(refusal->text, refusal->room, "%s", values_of(refusal->argument));
}

static void refuse_argument(const struct refusal *refusal)
{
    const struct argument *argument = refusal->argument;

    if (argument->length == 0) {
        (void)snprintf(refusal->text, refusal->room, "an argument is empty");
        return;
    }
    for (size_t i = 0; i < ARGUMENTS; i++) {
        if (!has_word(argument, arguments[i].word))
            continue;
        if (!refuse_kind(refusal, &arguments[i]))
            (void)snprintf(refusal->text, refusal->room, "%s", arguments[i].wanted);
        return;
    }
    if (values_of(argument) != NULL || is_format(argument))
        refuse_format(refusal);
    else if (!is_like_size(argument))
        refuse_unknown(refusal);
    else if (!refuse_kind(refusal, kind_of_bit(TAKES_SIZE)))
        refuse_size(refusal);
}

void view_arguments_explain(const char *text, size_t length, const struct patterns *patterns,
                            const struct view_type *type, char *reason, size_t room)
{
    struct view view = {.type = type, .format = default_format};
    struct argument argument;
    struct refusal refusal = {.argument = &argument, .type = type, .text = reason, .room = room};

    if (type->takes == 0)
        (void)snprintf(reason, room, "%s takes no arguments", type->name);
    else if (!parse_arguments(text, length, patterns, &view, &argument, &refusal.given))
        refuse_argument(&refusal);
}
