/* SPDX-License-Identifier: MIT */
/* partition: nominal cuts, against arithmetic in numbers that cannot overflow. */
#include "tests/unit/support.h"

#include "core/base/checked.h"
#include "core/view/partition.h"

typedef unsigned __int128 big;

static uint64_t model_count(const struct partition *partition, uint64_t size)
{
    if (partition->by_count)
        return partition->value;
    return (uint64_t)(((big)size + partition->value - 1) / partition->value);
}

/*
 * By count: the first size mod N pieces are one larger, computed in another way than in the code.
 */
static uint64_t model_start(const struct partition *partition, uint64_t size, uint64_t index)
{
    const big share = partition->by_count ? size / partition->value : partition->value;
    const big larger = partition->by_count ? size % partition->value : 0;
    const big start =
        index < larger ? index * (share + 1) : larger * (share + 1) + (index - larger) * share;
    return start > size ? size : (uint64_t)start;
}

static void check_index(const struct partition *partition, uint64_t size, uint64_t index)
{
    uint64_t start = partition_start(partition, size, index);
    uint64_t expected = model_start(partition, size, index);
    if (start != expected)
        fail_msg("%s %llu of %llu: piece %llu starts at %llu, not %llu",
                 partition->by_count ? "count" : "size", (unsigned long long)partition->value,
                 (unsigned long long)size, (unsigned long long)index, (unsigned long long)start,
                 (unsigned long long)expected);
}

/* The ends, their neighbours, the place where sizes change, and some places between. */
static void check_partition(struct random *random, const struct partition *partition, uint64_t size)
{
    const uint64_t count = partition_count(partition, size);
    const uint64_t larger = partition->by_count ? size % partition->value : 0;

    assert_int_equal(count, model_count(partition, size));
    assert_int_equal(partition_start(partition, size, 0), 0);
    assert_int_equal(partition_start(partition, size, count), size);
    for (uint64_t i = 0; i < 4; i++) {
        check_index(partition, size, min_u64(i, count));
        check_index(partition, size, saturating_sub(count, i));
        check_index(partition, size, min_u64(saturating_sub(larger + 1, i), count));
    }
    for (int i = 0; i < 8; i++)
        check_index(partition, size, random_between(random, 0, count));
}

/* Every piece of a small file has the length that DESIGN.md gives it. */
static void check_lengths(const struct partition *partition, uint64_t size)
{
    const uint64_t count = partition_count(partition, size);

    for (uint64_t i = 0; i < count; i++) {
        uint64_t length =
            partition_start(partition, size, i + 1) - partition_start(partition, size, i);
        uint64_t expected = size / partition->value + (i < size % partition->value ? 1 : 0);
        if (!partition->by_count)
            expected = i + 1 < count ? partition->value : size - (count - 1) * partition->value;
        assert_int_equal(length, expected);
    }
}

static void test_small(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= 40; size++)
        for (uint64_t value = 1; value <= 45; value++) {
            check_lengths(&(struct partition){false, value}, size);
            check_lengths(&(struct partition){true, value}, size);
        }
}

/* Nothing is cut by size from nothing; by count there are N empty pieces. */
static void test_empty(void **state)
{
    (void)state;
    assert_int_equal(partition_count(&(struct partition){false, 4}, 0), 0);
    assert_int_equal(partition_start(&(struct partition){false, 4}, 0, 0), 0);
    assert_int_equal(partition_count(&(struct partition){true, 3}, 0), 3);
    for (uint64_t i = 0; i <= 3; i++)
        assert_int_equal(partition_start(&(struct partition){true, 3}, 0, i), 0);
}

static void test_extremes(void **state)
{
    const uint64_t values[] = {
        0,
        1,
        2,
        3,
        4096,
        (1ull << 32) - 1,
        1ull << 32,
        OFFSET_MAX / 2,
        OFFSET_MAX / 2 + 1,
        OFFSET_MAX - 1,
        OFFSET_MAX,
    };
    struct random random = random_case(0);
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(values); i++)
        for (size_t k = 1; k < LENGTH_OF(values); k++) {
            check_partition(&random, &(struct partition){false, values[k]}, values[i]);
            check_partition(&random, &(struct partition){true, values[k]}, values[i]);
        }
}

static void test_random(void **state)
{
    struct random random = random_case(1);
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t size = (random_next(&random) >> 1) >> random_below(&random, 63);
        uint64_t value = max_u64((random_next(&random) >> 1) >> random_below(&random, 63), 1);
        check_partition(&random, &(struct partition){random_chance(&random, 50), value}, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
