/* SPDX-License-Identifier: MIT */
/*
 * pattern and patterns: what a regular expression may be, and where records start, against models.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/format/patterns.h"
#include "tests/unit/pattern_model.h"

enum { CASES = 300, MOST = 300 * 1024 };

/* --- expressions ------------------------------------------------------------------------------ */

static void test_refused(void **state)
{
    static const char *const regexes[] = {
        "(a)\\1", "([ab])c\\9", "(",           "a)",      "[a",        "a{3,2}",
        "*",      "a{40000}",   "(a{99}){99}", "a{1001}", "(a+){600}", "((a|b){10}c{5}){70}",
        "{",      "[[:alph:]]", "\\",          "a{1",
    };
    char deep[2 * 60 + 1] = "";
    struct record_format *format = NULL;
    char why[PATTERN_WHY];

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(regexes); i++) {
        why[0] = '\0';
        assert_int_equal(pattern_new("e", regexes[i], &format, why), -EINVAL);
        assert_null(format);
        assert_int_not_equal(why[0], '\0');
    }
    memset(deep, '(', 60);
    memset(deep + 60, ')', 60);
    assert_int_equal(pattern_new("e", deep, &format, why), -EINVAL);
    assert_string_equal(why, "its parentheses are nested too deeply");
    assert_int_equal(pattern_new("e", "\\(a\\)\\1", &format, why), -EINVAL);
    assert_string_equal(why, "back-references are not supported");
}

/* What is no back-reference, and as large as it may be. */
static void test_accepted(void **state)
{
    static const char *const regexes[] = {
        "[\\1]",      "[]\\1]",   "[^]\\2x]",     "[[:digit:]\\3]",
        "\\\\1",      "a{1000}",  "(a{10}){100}", "[)]",
        "[(]",        "\\)",      "()",           "a|b|",
        "[[.-.]\\1]", "[[=a=]]+", "(a?)*b{0,3}",
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(regexes); i++) {
        struct record_format *format = NULL;
        char why[PATTERN_WHY] = "";
        int error = pattern_new("e", regexes[i], &format, why);
        if (error != 0)
            print_message("%s: %s\n", regexes[i], why);
        assert_int_equal(error, 0);
        pattern_free(format);
    }
    pattern_free(NULL);
}

static void test_names(void **state)
{
    struct patterns patterns = {.count = 0};
    struct record_format *first = model_pattern(&pattern_models[0]);
    struct record_format *second = NULL;
    char why[PATTERN_WHY];

    (void)state;
    assert_null(patterns_find(NULL, "entry", 5));
    assert_null(patterns_find(&patterns, "entry", 5));
    assert_int_equal(patterns_add(&patterns, first), 0);
    assert_int_equal(pattern_new("ent", "a", &second, why), 0);
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
    int answer = format->find_ahead(format, &text, &at);
    if (answer == 1) {
        assert_int_equal(start - 1 + at, wanted);
        assert_true(at < limit);
    } else {
        assert_int_equal(answer, 0);
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
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
