/* SPDX-License-Identifier: MIT */
/* checked: arithmetic that reports overflow, compared with numbers twice as wide. */
#include "tests/unit/support.h"

#include "core/base/checked.h"

static const uint64_t extremes[] = {
    0,
    1,
    2,
    0xffffffff,
    0x100000000,
    OFFSET_MAX - 1,
    OFFSET_MAX,
    OFFSET_MAX + 1,
    UINT64_MAX - 1,
    UINT64_MAX,
};

static void check_pair(uint64_t a, uint64_t b)
{
    const unsigned __int128 sum = (unsigned __int128)a + b;
    const unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t result = 0;

    assert_int_equal(checked_add(a, b, &result), sum <= UINT64_MAX);
    if (sum <= UINT64_MAX)
        assert_int_equal(result, (uint64_t)sum);
    assert_int_equal(checked_mul(a, b, &result), product <= UINT64_MAX);
    if (product <= UINT64_MAX)
        assert_int_equal(result, (uint64_t)product);
    assert_int_equal(saturating_sub(a, b), a < b ? 0 : a - b);
    assert_int_equal(min_u64(a, b), a < b ? a : b);
    assert_int_equal(max_u64(a, b), a < b ? b : a);
}

static void test_extremes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(extremes); i++)
        for (size_t k = 0; k < LENGTH_OF(extremes); k++)
            check_pair(extremes[i], extremes[k]);
}

/* Numbers of every length in bits, so that about half of the products fit. */
static void test_random(void **state)
{
    struct random random = random_case(0);
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t a = random_next(&random) >> random_below(&random, 64);
        uint64_t b = random_next(&random) >> random_below(&random, 64);
        check_pair(a, b);
    }
}

/* An offset is what an off_t holds. */
static void test_offset_max(void **state)
{
    (void)state;
    assert_int_equal(sizeof(off_t), 8);
    assert_true((off_t)OFFSET_MAX > 0);
    assert_int_equal(OFFSET_MAX, 9223372036854775807ull);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_offset_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
