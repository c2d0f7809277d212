/* SPDX-License-Identifier: MIT */
/*
 * pattern and patterns: what a regular expression may be, and where records start, against models.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/format/pattern_parse.h"
#include "core/format/patterns.h"
#include "tests/unit/pattern_model.h"

enum { CASES = 300, MOST = 300 * 1024 };

/* --- expressions ------------------------------------------------------------------------------ */

static void test_refused(void **state)
{
    static const char *const regexes[] = {
        "(a)\\1",    "([ab])c\\9",   "(",
        "a)",        "[a",           "a{3,2}",
        "*",         "a{256}",       "(a{99}){99}",
        "a{40000}",  "(a+){200}{3}", "((a|b){10}c{5}){70}",
        "{",         "[[:alph:]]",   "\\",
        "a{1",       "a|*",          "(+)",
        "a{}",       "a{,}",         "^*",
        "\\w",       "[b-a]",        "[[.ab.]]",
        "[]",        "[^]",          "[a-",
        "[[:digit:", "a{x}",         "(){200}{200}{200}{200}",
    };
    char deep[2 * 60 + 1] = "";
    struct record_format *format = NULL;
    const char *wrong = NULL;

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(regexes); i++) {
        if (pattern_new("e", regexes[i], &format, &wrong) != -EINVAL)
            fail_msg("%s is accepted", regexes[i]);
        assert_null(format);
        assert_non_null(wrong);
    }
    memset(deep, '(', 60);
    memset(deep + 60, ')', 60);
    assert_int_equal(pattern_new("e", deep, &format, &wrong), -EINVAL);
    assert_string_equal(wrong, "its parentheses are nested too deeply");
    assert_int_equal(pattern_new("e", "\\(a\\)\\1", &format, &wrong), -EINVAL);
    assert_string_equal(wrong, "back-references are not supported");
}

/* What is no back-reference, as large as it may be, and what others take for ever to compile. */
static void test_accepted(void **state)
{
    static const char *const regexes[] = {
        "[\\1]",
        "[]\\1]",
        "[^]\\2x]",
        "[[:digit:]\\3]",
        "\\\\1",
        "(a{255}){2}",
        "[)]",
        "[(]",
        "\\)",
        "()",
        "a|b|",
        "[a-]",
        "[[.-.]\\1]",
        "[[=a=]]+",
        "(a?)*b{0,3}",
        "a{,3}",
        "a{0}",
        "a**+?",
        "((a*|b*)*){20}z",
        "(()){100}",
        "((a*)*b?|(c|d)*){90}z",
        "(( *[a-z]*)*,?){20}z",
    };
    char nested[50 * 5 + 2] = "";

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        strcat(nested, "(");
    strcat(nested, "a");
    for (unsigned i = 0; i < 50; i++)
        strcat(nested, "*)*");
    for (size_t i = 0; i <= LENGTH_OF(regexes); i++) {
        const char *regex = i < LENGTH_OF(regexes) ? regexes[i] : nested;
        struct record_format *format = NULL;
        const char *wrong = NULL;
        if (pattern_new("e", regex, &format, &wrong) != 0)
            fail_msg("%s: %s", regex, wrong);
        pattern_free(format);
    }
    pattern_free(NULL);
}

/* --- what expressions match ------------------------------------------------------------------- */

enum { ROUNDS = 40000, REGEX_MOST = 400, TEXT_MOST = 12 };

/* ^ and $ stand in no group: the C library mistakes those in repeated ones. */
static void random_regex(struct random *random, unsigned depth, bool top, char *text)
{
    static const char *const atoms[] = {"a",     "b",    ".",          "[ab]",  "[^a]",
                                        "[b-d]", "\\.",  "[]a]",       "[^]a]", "[[:digit:]x]",
                                        "c",     "[a-]", "[[:alpha:]]"};
    static const char *const repeats[] = {"*", "+", "?", "{2}", "{0,2}", "{1,}", "{,2}", "{0}"};
    const uint64_t pieces = random_below(random, 4);

    text += strlen(text);
    for (uint64_t i = 0; i < pieces; i++) {
        const bool edge = top && random_chance(random, 12);
        if (edge) {
            strcat(text, random_chance(random, 50) ? "^" : "$");
        } else if (depth > 0 && random_chance(random, 30)) {
            strcat(text, "(");
            random_regex(random, depth - 1, false, text);
            strcat(text, ")");
        } else {
            strcat(text, atoms[random_below(random, LENGTH_OF(atoms))]);
        }
        if (!edge && random_chance(random, 35))
            strcat(text, repeats[random_below(random, LENGTH_OF(repeats))]);
        if (i + 1 < pieces && random_chance(random, 20))
            strcat(text, "|");
    }
}

/* As the C library says, which is asked for a match from the start of the line. */
static void test_like_the_library(void **state)
{
    static const char bytes[] = {'a', 'b', 'c', '.', ']', '1', '-', '\0', '\r', (char)0xe4};
    unsigned matches = 0;

    (void)state;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct random random = random_case(i);
        struct pattern_automaton automaton;
        char regex[REGEX_MOST] = "";
        char anchored[REGEX_MOST + 4];
        char text[TEXT_MOST + 1] = ""; /* the address sanitizer looks for its end */
        regex_t library;
        random_regex(&random, 2, true, regex);
        const size_t length = random_below(&random, TEXT_MOST);
        const bool goes_on = random_chance(&random, 30);
        for (size_t k = 0; k < length; k++)
            text[k] = bytes[random_below(&random, random_chance(&random, 70) ? 3 : sizeof(bytes))];
        (void)snprintf(anchored, sizeof(anchored), "^(%s)", regex);
        if (regcomp(&library, anchored, REG_EXTENDED | REG_NOSUB) != 0)
            continue; /* it refuses more, such as a{,2} in places */
        assert_null(pattern_parse(regex, &automaton));
        regmatch_t part = {.rm_so = 0, .rm_eo = (regoff_t)length};
        bool wanted =
            regexec(&library, text, 1, &part, REG_STARTEND | (goes_on ? REG_NOTEOL : 0)) == 0;
        regfree(&library);
        if (pattern_automaton_matches(&automaton, (const uint8_t *)text, length, goes_on) != wanted)
            fail_msg("case %u: %s: %.*s (%d bytes%s): %d wanted", (unsigned)i, regex, (int)length,
                     text, (int)length, goes_on ? ", goes on" : "", wanted);
        matches += wanted;
    }
    assert_in_range(matches, ROUNDS / 10, ROUNDS);
}

/* No expression takes long for a line, nor memory: each byte takes at most so many steps. */
static void test_hard_lines(void **state)
{
    static const char *const regexes[] = {".*a.{250}.{200}c", "(a|b)*a(a|b){200}c",
                                          "((a*|b*)*){20}z", "((a*)*b?|(c|d)*){90}z"};
    uint8_t *line = malloc(PATTERN_LINE);

    (void)state;
    assert_non_null(line);
    struct random random = random_case(1);
    for (size_t i = 0; i < PATTERN_LINE; i++)
        line[i] = random_chance(&random, 50) ? 'a' : 'b';
    for (size_t i = 0; i < LENGTH_OF(regexes); i++) {
        struct pattern_automaton automaton;
        assert_null(pattern_parse(regexes[i], &automaton));
        assert_false(pattern_automaton_matches(&automaton, line, PATTERN_LINE, true));
    }
    free(line);
}

static void test_names(void **state)
{
    struct patterns patterns = {.count = 0};
    struct record_format *first = model_pattern(&pattern_models[0]);
    struct record_format *second = NULL;
    const char *wrong = NULL;

    (void)state;
    assert_null(patterns_find(NULL, "entry", 5));
    assert_null(patterns_find(&patterns, "entry", 5));
    assert_int_equal(patterns_add(&patterns, first), 0);
    assert_int_equal(pattern_new("ent", "a", &second, &wrong), 0);
    assert_int_equal(patterns_add(&patterns, second), 0);
    assert_int_equal(patterns_add(&patterns, second), -EEXIST);
    assert_ptr_equal(patterns_find(&patterns, "entry", 5), first);
    assert_ptr_equal(patterns_find(&patterns, "entry", 3), second);
    assert_null(patterns_find(&patterns, "entry", 4));
    patterns_destroy(&patterns);
    assert_null(patterns_find(&patterns, "entry", 5));
}

/* --- texts ------------------------------------------------------------------------------------ */

/*
 * Shows a part of the content, with one byte before it, and checks the answer: right, and no more
 * bytes are wanted than `reach` after the place.
 */
static void check_part(const struct record_format *format, const struct pattern_model *model,
                       const uint8_t *bytes, uint64_t size, struct random *random)
{
    const uint64_t start = random_between(random, 1, size - 1);
    const uint64_t shown = random_chance(random, 50) ? random_below(random, 100) : MOST;
    const uint64_t end = min_u64(size, start + random_below(random, shown + 1) + 1);
    const size_t limit = (size_t)random_between(random, 1, end - start + 1);
    uint8_t *copy = malloc((size_t)(end - start + 1));
    const struct record_text text = {copy, (size_t)(end - start + 1), limit, end == size};
    const uint64_t wanted = model_boundary(model, bytes, size, start);
    size_t at = 0;

    assert_non_null(copy);
    memcpy(copy, bytes + start - 1, text.length);
    if (format->find_ahead(format, &text, &at)) {
        assert_int_equal(start - 1 + at, wanted);
        assert_true(at < limit);
    } else {
        assert_true(at >= 1 && at <= limit);
        assert_true(wanted >= start - 1 + at);
        if (at < limit)
            assert_true(!text.ends && text.length - at < format->reach);
    }
    free(copy);
}

static void test_texts(void **state)
{
    uint8_t *bytes = malloc(MOST);

    (void)state;
    assert_non_null(bytes);
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        const struct pattern_model *model = &pattern_models[i % LENGTH_OF(pattern_models)];
        struct record_format *format = model_pattern(model);
        const uint64_t size = random_between(&random, 2, random_chance(&random, 50) ? 200 : MOST);
        model_fill(&random, bytes, size);
        for (unsigned k = 0; k < 20; k++)
            check_part(format, model, bytes, size, &random);
        pattern_free(format);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_like_the_library),
        cmocka_unit_test(test_hard_lines),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
