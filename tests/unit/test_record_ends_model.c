/* SPDX-License-Identifier: MIT */
/*
 * record_ends: every answer is that of a plain search, and how much is kept. Without threads: those
 * are in test_record_ends.c.
 */
#include "tests/unit/record_layout.h"

/* One file, asked at random; its size grows now and then, and old sizes are asked for still. */
static void check_random_layout(uint64_t number)
{
    struct random random = random_case(number);
    struct layout layout;
    uint64_t grown;
    int error = 0;

    layout_make(&layout, random_between(&random, 1, 6000));
    layout_fill(&layout, &random);
    grown = random_between(&random, 1, layout.size);
    const uint64_t most_step = random_between(&random, 1, 600);
    for (int i = 0; i < 40; i++) {
        if (random_chance(&random, 20))
            grown = random_between(&random, grown, layout.size);
        uint64_t size = random_chance(&random, 80) ? grown : random_between(&random, 1, grown);
        uint64_t place = random_between(&random, 0, size);
        uint64_t found = search(&layout, place, size, most_step, NULL, &random, &error);
        assert_int_equal(error, 0);
        assert_int_equal(found, model_find(&layout, place, size));
        check_known(&layout, place, size);
        check_known_gaps(&layout);
    }
    layout_free(&layout);
    assert_threads_passed();
}

static void test_against_model(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3000; i++)
        check_random_layout(i);
}

enum { KEPT = 100, SHORT_GAPS = 3 * RECORD_ENDS_MOST };

/* Room is bounded: short gaps go first, what was costly to learn stays, finished or not. */
static void test_most(void **state)
{
    const uint64_t far = 1ull << 50;
    const uint64_t apart = 1ull << 24;
    struct record_ends ends = {0};
    bool known = false;
    (void)state;

    record_ends_note.init(&ends);
    for (uint64_t i = 0; i < KEPT; i++) {
        teach(&ends, far + i * apart, 1 << 20, true);
        teach(&ends, 2 * far + i * apart, 1 << 20, false);
    }
    for (uint64_t i = 0; i < SHORT_GAPS; i++)
        teach(&ends, i * 1000, 1 + i % 900, true);
    for (uint64_t i = 0; i < KEPT; i++) {
        assert_int_equal(first_unknown(&ends, far + i * apart, &known),
                         far + i * apart + (1 << 20));
        assert_true(known);
        assert_int_equal(first_unknown(&ends, 2 * far + i * apart, &known),
                         2 * far + i * apart + (1 << 20));
        assert_false(known);
    }
    record_ends_note.destroy(&ends);
}

/* Long gaps and open ones alone do not pass the bound either. */
static void test_most_of_one_kind(void **state)
{
    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        struct record_ends ends = {0};
        record_ends_note.init(&ends);
        for (uint64_t i = 0; i < 2 * RECORD_ENDS_MOST + 10; i++)
            teach(&ends, i << 24, (i + 1) * 100, closed == 1);
        record_ends_note.destroy(&ends);
    }
}

/* What was forgotten is found again, and nothing wrong with it. */
static void test_right_after_forgetting(void **state)
{
    struct random random = random_case(3000000);
    struct layout layout;
    int error = 0;
    (void)state;

    layout_make(&layout, 10 * RECORD_ENDS_MOST);
    layout.forgets = true;
    for (uint64_t at = 0; at < layout.size; at++)
        layout.ends[at] = random_below(&random, 5) == 0;
    for (int i = 0; i < 4 * RECORD_ENDS_MOST; i++) {
        uint64_t place = random_below(&random, layout.size);
        uint64_t found = search(&layout, place, layout.size, 30, NULL, &random, &error);
        assert_int_equal(found, model_find(&layout, place, layout.size));
        if (i % 1000 == 0)
            check_known_gaps(&layout);
    }
    layout_free(&layout);
    assert_threads_passed();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_most_of_one_kind),
        cmocka_unit_test(test_right_after_forgetting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
