/* SPDX-License-Identifier: MIT */
/* histogram: each duration is in one bucket, and counts, sums and bounds agree, always. */
#include "tests/unit/support.h"

#include <string.h>

#include "fs/serve/histogram.h"

static struct histogram_sight look(const struct histogram *histogram)
{
    struct histogram_sight sight;
    histogram_look(histogram, &sight);
    return sight;
}

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(histogram_bounds[0], 10000);                                  /* 10 µs */
    assert_int_equal(histogram_bounds[HISTOGRAM_BOUNDS - 1], 300ULL * 1000000000); /* 5 min */
    for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++)
        assert_true(histogram_bounds[i] > histogram_bounds[i - 1]);
}

static void test_nothing(void **state)
{
    const struct histogram histogram = {0};
    const struct histogram_sight sight = look(&histogram);
    const struct histogram_sight none = {0};

    (void)state;
    assert_memory_equal(&sight, &none, sizeof(none));
    assert_int_equal(histogram_count(&histogram), 0);
}

/* A duration that is a bound belongs below it, as the label "le" says. */
static void test_each_bucket(void **state)
{
    (void)state;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        struct histogram histogram = {0};
        histogram_add(&histogram, histogram_bounds[i]);
        struct histogram_sight sight = look(&histogram);
        for (size_t k = 0; k < HISTOGRAM_BUCKETS; k++)
            assert_int_equal(sight.up_to[k], k >= i ? 1 : 0);
        histogram_add(&histogram, histogram_bounds[i] + 1);
        sight = look(&histogram);
        for (size_t k = 0; k < HISTOGRAM_BUCKETS; k++)
            assert_int_equal(sight.up_to[k], k > i ? 2 : k == i ? 1 : 0);
        assert_int_equal(sight.nanoseconds, 2 * histogram_bounds[i] + 1);
        assert_int_equal(histogram_count(&histogram), 2);
    }
}

static void test_ends(void **state)
{
    struct histogram histogram = {0};

    (void)state;
    histogram_add(&histogram, 0);
    histogram_add(&histogram, UINT64_MAX / 2);
    const struct histogram_sight sight = look(&histogram);
    for (size_t k = 0; k < HISTOGRAM_BUCKETS; k++)
        assert_int_equal(sight.up_to[k], k == HISTOGRAM_BOUNDS ? 2 : 1);
    assert_int_equal(sight.nanoseconds, UINT64_MAX / 2);
}

enum { THREADS = 4, ADDED = 20000 };

/* Whoever looks while others add sees a count that never falls, and buckets that make it up. */
static void add_and_look(void *argument, unsigned index)
{
    struct histogram *histogram = argument;
    struct histogram_sight before = {0};

    for (unsigned i = 0; i < ADDED; i++) {
        histogram_add(histogram, histogram_bounds[(i + index) % HISTOGRAM_BOUNDS]);
        const struct histogram_sight sight = look(histogram);
        THREAD_CHECK(sight.up_to[HISTOGRAM_BOUNDS] > before.up_to[HISTOGRAM_BOUNDS]);
        for (size_t k = 1; k < HISTOGRAM_BUCKETS; k++)
            THREAD_CHECK(sight.up_to[k] >= sight.up_to[k - 1] && sight.up_to[k] >= before.up_to[k]);
        before = sight;
    }
}

static void test_many_threads(void **state)
{
    struct histogram histogram = {0};
    uint64_t all = 0;

    (void)state;
    run_threads(THREADS, add_and_look, &histogram);
    assert_int_equal(histogram_count(&histogram), THREADS * ADDED);
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
        all += histogram_bounds[i];
    assert_int_equal(look(&histogram).nanoseconds, all * (THREADS * ADDED / HISTOGRAM_BOUNDS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),       cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_each_bucket),  cmocka_unit_test(test_ends),
        cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
