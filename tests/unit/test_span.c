/* SPDX-License-Identifier: MIT */
/* span: which bytes a view is of, and where its pieces nominally start. */
#include "tests/unit/support.h"

#include "core/base/checked.h"
#include "core/view/span.h"

static struct view view_of(bool by_count, uint64_t value, uint64_t from, bool has_to, uint64_t to)
{
    return (struct view){.partition = {by_count, value}, .from = from, .has_to = has_to, .to = to};
}

static void test_what_exists(void **state)
{
    static const struct {
        uint64_t from;
        bool has_to;
        uint64_t to;
        bool exists;
        uint64_t length;
    } cases[] = {
        {0, false, 0, true, 10}, {10, false, 0, true, 0},  {11, false, 0, false, 0},
        {0, true, 0, true, 0},   {0, true, 10, true, 10},  {0, true, 11, false, 10},
        {4, true, 4, true, 0},   {5, true, 4, false, 0},   {4, true, 9, true, 5},
        {10, true, 10, true, 0}, {11, true, 12, false, 0}, {OFFSET_MAX, true, OFFSET_MAX, false, 0},
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const struct view view = view_of(true, 3, cases[i].from, cases[i].has_to, cases[i].to);
        const struct range span = span_of(&view, 10);
        assert_int_equal(span_exists(&view, 10), cases[i].exists);
        assert_int_equal(span.length, cases[i].length);
        assert_true(span.offset + span.length <= 10);
    }
}

/* A span that is empty has no pieces; an empty content without from and to has N. */
static void test_nothing(void **state)
{
    const struct view by_size = view_of(false, 7, 0, false, 0);
    const struct view by_count = view_of(true, 7, 0, false, 0);
    const struct view at_the_end = view_of(true, 7, 10, false, 0);
    const struct view to_nothing = view_of(true, 7, 0, true, 0);
    (void)state;

    assert_int_equal(span_pieces(&by_size, 0), 0);
    assert_int_equal(span_pieces(&by_count, 0), 7);
    assert_int_equal(span_pieces(&at_the_end, 10), 0);
    assert_int_equal(span_pieces(&to_nothing, 10), 0);
}

/* The pieces of a span are those of a content of its length, moved. */
static void test_random(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 50000; i++) {
        struct random random = random_case(i);
        const uint64_t size = random_between(&random, 1, OFFSET_MAX >> random_below(&random, 62));
        const uint64_t to = random_between(&random, 0, size);
        const bool has_to = random_chance(&random, 50);
        const uint64_t end = has_to ? to : size;
        const uint64_t from = random_between(&random, 0, end);
        const struct view view =
            view_of(random_chance(&random, 50), random_between(&random, 1, size), from, has_to, to);
        const uint64_t pieces = span_pieces(&view, size);

        assert_true(span_exists(&view, size));
        if (from == end)
            continue;
        assert_int_equal(pieces, partition_count(&view.partition, end - from));
        assert_int_equal(span_place(&view, size, 0), from);
        assert_int_equal(span_place(&view, size, pieces), end);
        uint64_t index = random_below(&random, pieces);
        assert_int_equal(span_place(&view, size, index) - from,
                         partition_start(&view.partition, end - from, index));
        if (has_to) /* the same of a content that has grown */
            assert_int_equal(span_place(&view, OFFSET_MAX, index), span_place(&view, size, index));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_exists),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
