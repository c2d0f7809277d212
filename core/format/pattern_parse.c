/* SPDX-License-Identifier: MIT */
#include "core/format/pattern_parse.h"

#include <ctype.h>
#include <string.h>

#include "core/format/pattern_set.h"

enum {
    DEPTH_MOST = 50,     /* of parentheses */
    COUNT_MOST = 255,    /* POSIX's RE_DUP_MAX */
    STEPS_MOST = 100000, /* atoms read, those of repetitions each time */
};

/* A part of an expression, as far as other parts need to know it. */
struct fragment {
    bool nullable;
    struct position_set first;
    struct position_set last;
};

struct parser {
    struct pattern_automaton *automaton;
    const char *at;
    unsigned depth;
    unsigned steps;
    const char *wrong; /* once this is set, what is returned means nothing */
};

static struct fragment parse_expression(struct parser *parser);

static const struct fragment empty = {.nullable = true};

/* --- joining fragments ------------------------------------------------------------------------ */

static void follow_with(struct parser *parser, const struct position_set *last,
                        const struct position_set *first)
{
    for (unsigned position = 0; position < parser->automaton->positions; position++)
        if ((last->words[position / 64] >> position % 64 & 1) != 0)
            position_set_join(&parser->automaton->follow[position], first);
}

/* One after the other. */
static struct fragment chain(struct parser *parser, const struct fragment *one,
                             const struct fragment *other)
{
    struct fragment both = *one;

    follow_with(parser, &one->last, &other->first);
    if (one->nullable)
        position_set_join(&both.first, &other->first);
    both.last = other->last;
    if (other->nullable)
        position_set_join(&both.last, &one->last);
    both.nullable = one->nullable && other->nullable;
    return both;
}

static void join_branch(struct fragment *all, const struct fragment *branch)
{
    all->nullable = all->nullable || branch->nullable;
    position_set_join(&all->first, &branch->first);
    position_set_join(&all->last, &branch->last);
}

/* --- atoms ------------------------------------------------------------------------------------ */

/* A new position. */
static struct fragment add_position(struct parser *parser, unsigned *position)
{
    struct fragment fragment = {.nullable = false};

    *position = 0;
    if (parser->automaton->positions == POSITIONS_MOST) {
        parser->wrong = "it is too long, with its repetitions written out";
        return fragment;
    }
    *position = parser->automaton->positions++;
    position_set_add(&fragment.first, *position);
    position_set_add(&fragment.last, *position);
    return fragment;
}

static struct fragment add_edge(struct parser *parser, struct position_set *edge)
{
    unsigned position = 0;
    struct fragment fragment = add_position(parser, &position);
    position_set_add(edge, position);
    return fragment;
}

static struct fragment add_bytes(struct parser *parser, const struct byte_set *bytes)
{
    unsigned position = 0;
    struct fragment fragment = add_position(parser, &position);
    for (unsigned byte = 0; byte < 256; byte++)
        if (bytes->has[byte])
            position_set_add(&parser->automaton->takes[byte], position);
    return fragment;
}

static struct fragment add_byte(struct parser *parser, char byte)
{
    struct byte_set bytes = {{false}};
    bytes.has[(uint8_t)byte] = true;
    return add_bytes(parser, &bytes);
}

static struct fragment parse_group(struct parser *parser)
{
    if (parser->depth == DEPTH_MOST) {
        parser->wrong = "its parentheses are nested too deeply";
        return empty;
    }
    parser->depth++;
    struct fragment group = parse_expression(parser);
    parser->depth--;
    if (parser->wrong == NULL && *parser->at != ')')
        parser->wrong = "a ( has no ) after it";
    else if (parser->wrong == NULL)
        parser->at++;
    return group;
}

static struct fragment parse_set(struct parser *parser)
{
    struct byte_set bytes;
    const char *wrong = pattern_set_parse(&parser->at, &bytes);

    if (wrong != NULL)
        parser->wrong = wrong;
    return add_bytes(parser, &bytes);
}

static struct fragment parse_escape(struct parser *parser)
{
    const char byte = *parser->at;

    if (byte >= '1' && byte <= '9')
        parser->wrong = "back-references are not supported";
    else if (byte == '\0')
        parser->wrong = "nothing follows its last backslash";
    else if (isalnum((unsigned char)byte))
        parser->wrong = "a letter or a 0 after a backslash has no meaning";
    else
        parser->at++;
    return add_byte(parser, byte);
}

static struct fragment parse_any(struct parser *parser)
{
    struct byte_set bytes;
    memset(bytes.has, true, sizeof(bytes.has));
    bytes.has[0] = false;
    return add_bytes(parser, &bytes);
}

static struct fragment parse_atom(struct parser *parser)
{
    const char byte = *parser->at++;

    if (++parser->steps > STEPS_MOST)
        parser->wrong = "it is too long, with its repetitions written out";
    switch (byte) {
    case '(':
        return parse_group(parser);
    case '[':
        return parse_set(parser);
    case '\\':
        return parse_escape(parser);
    case '.':
        return parse_any(parser);
    case '^':
        return add_edge(parser, &parser->automaton->line_starts);
    case '$':
        return add_edge(parser, &parser->automaton->line_ends);
    case '*':
    case '+':
    case '?':
    case '{':
        parser->wrong = "a repetition has nothing to repeat";
        return empty;
    default:
        return add_byte(parser, byte);
    }
}

/* --- repetitions ------------------------------------------------------------------------------ */

/* From `least` to `most` times; COUNT_MOST + 1: without end. */
struct repetition {
    unsigned least;
    unsigned most;
};

enum { ENDLESS = COUNT_MOST + 1 };

static unsigned parse_count(struct parser *parser)
{
    unsigned count = 0;
    for (; isdigit((unsigned char)*parser->at); parser->at++)
        count = count > COUNT_MOST ? count : 10 * count + (unsigned)(*parser->at - '0');
    if (count > COUNT_MOST)
        parser->wrong = "a repetition is of more than 255 times";
    return count;
}

/* Reads {m}, {m,}, {m,n} or {,n}, from after the brace on. */
static struct repetition parse_interval(struct parser *parser)
{
    const char *start = parser->at;
    struct repetition times = {.least = parse_count(parser)};

    times.most = times.least;
    if (*parser->at == ',') {
        parser->at++;
        times.most = isdigit((unsigned char)*parser->at) ? parse_count(parser) : ENDLESS;
    }
    const bool no_counts = *start == '}' || (start[0] == ',' && start[1] == '}');
    if (parser->wrong == NULL && (*parser->at != '}' || no_counts || times.least > times.most))
        parser->wrong = "a { does not begin a repetition such as {2} or {1,3}";
    else
        parser->at++;
    return times;
}

static bool parse_repetition(struct parser *parser, struct repetition *times)
{
    const char byte = *parser->at;

    if (byte == '\0' || strchr("*+?{", byte) == NULL)
        return false;
    parser->at++;
    *times = (struct repetition){byte == '+' ? 1 : 0, byte == '?' ? 1 : ENDLESS};
    if (byte == '{')
        *times = parse_interval(parser);
    return parser->wrong == NULL;
}

/* A copy of what was read from `start` on, up to `end`, with repetitions. */
struct piece_text {
    const char *start;
    const char *end;
};

static struct fragment parse_repeated(struct parser *parser, const struct piece_text *text);

/* One more copy of what is repeated. The first copy has been made already. */
static struct fragment copy_piece(struct parser *parser, const struct piece_text *text)
{
    const char *after = parser->at;
    parser->at = text->start;
    struct fragment copy = parse_repeated(parser, text);
    parser->at = after;
    return copy;
}

static struct fragment repeat(struct parser *parser, const struct piece_text *text,
                              struct fragment one, struct repetition times)
{
    struct fragment all = empty;
    const unsigned copies =
        times.most == ENDLESS ? (times.least > 0 ? times.least : 1) : times.most;

    for (unsigned i = 1; i <= copies && parser->wrong == NULL; i++) {
        struct fragment copy = i == 1 ? one : copy_piece(parser, text);
        if (times.most == ENDLESS && i == copies)
            follow_with(parser, &copy.last, &copy.first);
        copy.nullable = copy.nullable || i > times.least;
        all = chain(parser, &all, &copy);
    }
    return all;
}

/* An atom and the repetitions after it, which end before `text->end` if that is not NULL. */
static struct fragment parse_repeated(struct parser *parser, const struct piece_text *text)
{
    const char *start = parser->at;
    const bool is_edge = *start == '^' || *start == '$';
    struct fragment piece = parse_atom(parser);
    struct repetition times;

    while (parser->wrong == NULL && (text == NULL || parser->at < text->end)) {
        const struct piece_text so_far = {start, parser->at};
        if (!parse_repetition(parser, &times))
            break;
        if (is_edge)
            parser->wrong = "a repetition has nothing to repeat";
        else
            piece = repeat(parser, &so_far, piece, times);
    }
    return piece;
}

/* --- the whole -------------------------------------------------------------------------------- */

static struct fragment parse_branch(struct parser *parser)
{
    struct fragment branch = empty;

    while (parser->wrong == NULL && *parser->at != '\0' && *parser->at != '|' &&
           *parser->at != ')') {
        const struct fragment piece = parse_repeated(parser, NULL);
        branch = chain(parser, &branch, &piece);
    }
    return branch;
}

static struct fragment parse_expression(struct parser *parser)
{
    struct fragment all = parse_branch(parser);

    while (parser->wrong == NULL && *parser->at == '|') {
        parser->at++;
        const struct fragment branch = parse_branch(parser);
        join_branch(&all, &branch);
    }
    return all;
}

const char *pattern_parse(const char *regex, struct pattern_automaton *automaton)
{
    struct parser parser = {.automaton = automaton, .at = regex};

    memset(automaton, 0, sizeof(*automaton));
    const struct fragment whole = parse_expression(&parser);
    if (parser.wrong == NULL && *parser.at == ')')
        parser.wrong = "a ) has no ( before it";
    automaton->nullable = whole.nullable;
    automaton->first = whole.first;
    automaton->last = whole.last;
    return parser.wrong;
}
