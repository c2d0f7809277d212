/* SPDX-License-Identifier: MIT */
#include "core/format/pattern_syntax.h"

#include <stdint.h>
#include <string.h>

#include "core/base/checked.h"

/* A walk through an expression. */
struct syntax_walk {
    const char *next;
    uint64_t sizes[PATTERN_DEPTH_MOST + 1]; /* of what was passed in each open group */
    unsigned depth;
    uint64_t last; /* the size of the last atom, which a repetition would repeat */
    const char *wrong;
};

/* Moves past a bracket expression, in which a backslash and most else is an ordinary character. */
static void pass_brackets(struct syntax_walk *walk)
{
    const char *at = walk->next;

    at += *at == '^' ? 1 : 0;
    at += *at == ']' ? 1 : 0;
    while (*at != '\0' && *at != ']') {
        const char kind = *at++;
        if (kind != '[' || *at == '\0' || strchr(".:=", *at) == NULL)
            continue;
        const char close[] = {*at, ']', '\0'}; /* [:alpha:], [=a=], [.hyphen.] */
        const char *end = strstr(at + 1, close);
        at = end != NULL ? end + 2 : at + strlen(at);
    }
    walk->next = *at == ']' ? at + 1 : at;
}

static void pass_escape(struct syntax_walk *walk)
{
    if (*walk->next >= '1' && *walk->next <= '9')
        walk->wrong = "back-references are not supported";
    else if (*walk->next != '\0')
        walk->next++;
}

/* Reads a number, or 0, and moves past it. */
static uint64_t pass_number(const char **at)
{
    uint64_t number = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        number = min_u64(10 * number + (uint64_t)(**at - '0'), PATTERN_SIZE_MOST + 1);
    return number;
}

/* Moves past {m}, {m,} or {m,n}. Returns how many copies of the last atom it stands for. */
static uint64_t pass_interval(struct syntax_walk *walk)
{
    const char *at = walk->next;
    uint64_t copies = pass_number(&at);

    if (*at == ',') {
        at++;
        copies = max_u64(copies + 1, pass_number(&at));
    }
    if (*at != '}')
        return 1; /* regcomp() says so */
    walk->next = at + 1;
    return max_u64(copies, 1);
}

/* Adds an atom, or more of the last one. */
static void add_size(struct syntax_walk *walk, uint64_t size)
{
    uint64_t *sum = &walk->sizes[walk->depth];
    *sum = min_u64(*sum + size, PATTERN_SIZE_MOST + 1);
    if (*sum > PATTERN_SIZE_MOST)
        walk->wrong = "it is too large";
}

static void repeat_last(struct syntax_walk *walk, uint64_t times)
{
    add_size(walk, walk->last * (times - 1));
    walk->last *= times;
}

static void open_group(struct syntax_walk *walk)
{
    if (walk->depth == PATTERN_DEPTH_MOST) {
        walk->wrong = "its parentheses are nested too deeply";
        return;
    }
    walk->sizes[++walk->depth] = 0;
}

static void close_group(struct syntax_walk *walk)
{
    if (walk->depth == 0) {
        walk->wrong = "a ) has no ( before it";
        return;
    }
    walk->last = max_u64(walk->sizes[walk->depth--], 1);
    add_size(walk, walk->last);
}

static void pass_atom(struct syntax_walk *walk, char first)
{
    if (first == '[')
        pass_brackets(walk);
    else if (first == '\\')
        pass_escape(walk);
    walk->last = 1;
    add_size(walk, 1);
}

static void pass_token(struct syntax_walk *walk)
{
    const char first = *walk->next++;

    if (first == '(')
        open_group(walk);
    else if (first == ')')
        close_group(walk);
    else if (first == '{')
        repeat_last(walk, pass_interval(walk));
    else if (first == '+')
        repeat_last(walk, 2); /* x+ becomes xx* */
    else if (strchr("*?|", first) == NULL)
        pass_atom(walk, first);
}

const char *pattern_syntax_error(const char *regex)
{
    struct syntax_walk walk = {.next = regex, .last = 1};

    while (*walk.next != '\0' && walk.wrong == NULL)
        pass_token(&walk);
    return walk.wrong;
}
