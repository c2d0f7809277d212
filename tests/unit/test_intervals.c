/* SPDX-License-Identifier: MIT */
/*
 * intervals: sorted and disjoint, found from any place, bounded.
 *
 * This program is linked with --wrap=reallocarray, so that it can simulate a machine without
 * memory.
 */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/intervals.h"

static bool no_memory; /* reallocarray() fails */

void *__real_reallocarray(void *pointer, size_t count, size_t size);
void *__wrap_reallocarray(void *pointer, size_t count, size_t size);

void *__wrap_reallocarray(void *pointer, size_t count, size_t size)
{
    return no_memory ? NULL : __real_reallocarray(pointer, count, size);
}

/*
 * The model: the number of the interval that holds each unit of a small file, or 0. The numbers are
 * the kinds, so that no two intervals look alike. Lengths pass the powers of 2 from 4096 on, at
 * which the shortest are told from the others.
 */
enum { UNITS = 3000, UNIT = 1500 };

struct model {
    struct intervals intervals;
    int full[UNITS + 1];  /* which interval holds the unit */
    int empty[UNITS + 1]; /* which empty one is before the unit */
    int last;             /* the kind that was given last */
};

static struct model *model_make(size_t most)
{
    struct model *model = calloc(1, sizeof(*model));
    assert_non_null(model);
    intervals_init(&model->intervals, most);
    return model;
}

static void model_free(struct model *model)
{
    intervals_destroy(&model->intervals);
    free(model);
}

static bool starts_at(const struct model *model, size_t unit)
{
    bool begins =
        model->full[unit] != 0 && (unit == 0 || model->full[unit - 1] != model->full[unit]);
    return begins || model->empty[unit] != 0;
}

/* Neither a byte nor a start of another one. */
static bool is_free(const struct model *model, size_t start, size_t end)
{
    if (starts_at(model, start) || (start == end && model->full[start] != 0))
        return false;
    for (size_t unit = start; unit < end; unit++)
        if (model->full[unit] != 0 || model->empty[unit] != 0)
            return false;
    return true;
}

static void model_put(struct model *model, size_t start, size_t end, int kind)
{
    if (start == end)
        model->empty[start] = kind;
    for (size_t unit = start; unit < end; unit++)
        model->full[unit] = kind;
}

static void model_drop(struct model *model, const struct interval *item)
{
    for (size_t unit = item->start / UNIT; unit < item->end / UNIT; unit++)
        model->full[unit] = 0;
    if (item->start == item->end)
        model->empty[item->start / UNIT] = 0;
}

/* The intervals are those of the model, and no others. */
static void check_items(const struct model *model)
{
    const struct intervals *intervals = &model->intervals;
    size_t index = 0;

    assert_in_range(intervals->count, 0, intervals->most);
    for (size_t unit = 0; unit <= UNITS; unit++) {
        if (!starts_at(model, unit))
            continue;
        int kind = model->empty[unit] != 0 ? model->empty[unit] : model->full[unit];
        size_t end = unit;
        while (model->empty[unit] == 0 && end < UNITS && model->full[end] == kind)
            end++;
        assert_true(index < intervals->count);
        const struct interval *item = &intervals->items[index++];
        assert_int_equal(item->kind, kind);
        assert_int_equal(item->start, unit * UNIT);
        assert_int_equal(item->end, end * UNIT);
    }
    assert_int_equal(index, intervals->count);
}

/* Both questions about one place, which need not be the start of a unit. */
static void check_place(const struct model *model, uint64_t place)
{
    const struct intervals *intervals = &model->intervals;
    size_t starts = 0;
    int kind = 0;

    for (size_t unit = 0; unit <= UNITS && unit * UNIT <= place; unit++) {
        if (!starts_at(model, unit))
            continue;
        starts++;
        kind = model->empty[unit] != 0 ? model->empty[unit] : model->full[unit];
    }
    assert_int_equal(intervals_after(intervals, place), starts);
    const struct interval *before = intervals_before(intervals, place);
    if (starts == 0) {
        assert_null(before);
        return;
    }
    assert_ptr_equal(before, &intervals->items[starts - 1]);
    assert_int_equal(before->kind, kind);
}

/* Checks what an insertion into a full array removed: each shorter than each that stayed. */
static void follow_forgetting(struct model *model, const struct interval *was, size_t count,
                              const struct interval *added)
{
    const struct intervals *intervals = &model->intervals;
    uint64_t longest_gone = 0;
    uint64_t shortest_kept = UINT64_MAX;
    size_t gone = 0;

    for (size_t i = 0; i < count; i++) {
        const struct interval *now = intervals_before(intervals, was[i].start);
        if (now != NULL && now->kind == was[i].kind) {
            shortest_kept = min_u64(shortest_kept, was[i].end - was[i].start);
            continue;
        }
        longest_gone = max_u64(longest_gone, was[i].end - was[i].start);
        model_drop(model, &was[i]);
        gone++;
    }
    if (count < intervals->most)
        assert_int_equal(gone, 0);
    else
        assert_in_range(gone, 1, count);
    assert_true(gone == 0 || longest_gone < shortest_kept);
    assert_int_equal(intervals->count, count - gone + 1);
    assert_int_equal(added->kind, model->last);
}

static void insert_randomly(struct model *model, struct random *random)
{
    size_t start = (size_t)random_below(random, UNITS);
    uint64_t most = random_chance(random, 20) ? 200 : 5;
    size_t end = (size_t)min_u64(start + random_below(random, most), UNITS);
    size_t count = model->intervals.count;
    struct interval was[64];

    if (!is_free(model, start, end))
        return;
    if (count > 0)
        memcpy(was, model->intervals.items, count * sizeof(was[0]));
    struct interval added = {start * UNIT, end * UNIT, ++model->last};
    const struct interval *put = intervals_insert(&model->intervals, added);
    assert_non_null(put);
    assert_int_equal(put->start, added.start);
    assert_int_equal(put->end, added.end);
    follow_forgetting(model, was, count, put);
    model_put(model, start, end, added.kind);
}

static void remove_randomly(struct model *model, struct random *random)
{
    struct intervals *intervals = &model->intervals;
    size_t first = (size_t)random_between(random, 0, intervals->count);
    size_t count = (size_t)random_between(random, 0, min_u64(3, intervals->count - first));

    if (intervals->count == 0)
        return;
    for (size_t i = first; i < first + count; i++)
        model_drop(model, &intervals->items[i]);
    intervals_remove(intervals, first, count);
}

static void clear(struct model *model)
{
    intervals_clear(&model->intervals);
    assert_null(model->intervals.items);
    assert_int_equal(model->intervals.count, 0);
    memset(model->full, 0, sizeof(model->full));
    memset(model->empty, 0, sizeof(model->empty));
}

static void check_random_intervals(uint64_t number)
{
    struct random random = random_case(number);
    struct model *model = model_make((size_t)random_between(&random, 2, 64));

    for (int i = 0; i < 150; i++) {
        if (random_chance(&random, 80))
            insert_randomly(model, &random);
        else if (random_chance(&random, 95))
            remove_randomly(model, &random);
        else
            clear(model);
        check_place(model, random_below(&random, (UNITS + 2) * (uint64_t)UNIT));
        check_place(model, random_below(&random, UNITS) * UNIT);
        if (i % 8 == 0)
            check_items(model);
    }
    check_items(model);
    model_free(model);
}

static void test_against_model(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        check_random_intervals(i);
}

/* Asked of nothing, and at and beside each edge; the last one ends where a file can end. */
static void test_edges(void **state)
{
    struct intervals intervals;
    (void)state;

    intervals_init(&intervals, 10);
    assert_int_equal(intervals_after(&intervals, 0), 0);
    assert_int_equal(intervals_after(&intervals, UINT64_MAX), 0);
    assert_null(intervals_before(&intervals, UINT64_MAX));
    assert_non_null(intervals_insert(&intervals, (struct interval){20, 30, 2}));
    assert_non_null(intervals_insert(&intervals, (struct interval){10, 20, 1})); /* overlaps it */
    assert_non_null(intervals_insert(&intervals, (struct interval){40, OFFSET_MAX, 3}));

    const struct {
        uint64_t place;
        size_t after;
    } cases[] = {{0, 0},  {9, 0},  {10, 1}, {19, 1}, {20, 2},         {30, 2},
                 {35, 2}, {39, 2}, {40, 3}, {41, 3}, {OFFSET_MAX, 3}, {UINT64_MAX, 3}};
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const struct interval *before = intervals_before(&intervals, cases[i].place);
        assert_int_equal(intervals_after(&intervals, cases[i].place), cases[i].after);
        assert_int_equal(before != NULL ? (size_t)before->kind : 0, cases[i].after);
    }
    intervals_remove(&intervals, 1, 2);
    assert_int_equal(intervals.count, 1);
    assert_int_equal(intervals.items[0].kind, 1);
    intervals_remove(&intervals, 0, 1);
    assert_null(intervals_before(&intervals, 15));
    intervals_destroy(&intervals);
}

static bool is_known(const struct intervals *intervals, uint64_t start, int kind)
{
    const struct interval *item = intervals_before(intervals, start);
    return item != NULL && item->start == start && item->kind == kind;
}

/* What is long outlives any number of short ones, and room is never all given up for nothing. */
static void test_shortest_go_first(void **state)
{
    enum { MOST = 100, LONG = 40 };
    const uint64_t far = 1ull << 50;
    const uint64_t length = 1ull << 20;
    struct intervals intervals;
    (void)state;

    intervals_init(&intervals, MOST);
    for (uint64_t i = 0; i < LONG; i++)
        assert_non_null(intervals_insert(
            &intervals, (struct interval){far + 2 * i * length, far + (2 * i + 1) * length, 1}));
    for (uint64_t i = 0; i < 10 * MOST; i++) {
        struct interval brief = {i * 5000, i * 5000 + 1 + i % 4999, 2};
        assert_non_null(intervals_insert(&intervals, brief));
        assert_in_range(intervals.count, 1, MOST);
        assert_true(is_known(&intervals, brief.start, 2));
    }
    for (uint64_t i = 0; i < LONG; i++)
        assert_true(is_known(&intervals, far + 2 * i * length, 1));
    intervals_destroy(&intervals);
}

/* The bound holds where all are long, up to the longest there can be, and in the smallest room. */
static void test_bound_of_long_ones(void **state)
{
    struct intervals intervals;
    (void)state;

    intervals_init(&intervals, 2);
    for (int round = 0; round < 3; round++) {
        uint64_t at = 0;
        for (unsigned shift = 1; shift <= 62; shift++) {
            uint64_t end = at + (1ull << shift) - 1; /* the last one ends at OFFSET_MAX - 62 */
            assert_non_null(intervals_insert(&intervals, (struct interval){at, end, (int)shift}));
            assert_in_range(intervals.count, 1, 2);
            at = end;
        }
        assert_true(is_known(&intervals, intervals.items[intervals.count - 1].start, 62));
        intervals_clear(&intervals);
    }
    intervals_destroy(&intervals);
}

/* No memory: NULL, nothing else changes, and later it works again. */
static void test_no_memory(void **state)
{
    struct intervals intervals;
    size_t count = 0;
    (void)state;

    intervals_init(&intervals, 1000);
    no_memory = true;
    assert_null(intervals_insert(&intervals, (struct interval){5, 6, 1}));
    assert_int_equal(intervals.count, 0);
    no_memory = false;
    assert_non_null(intervals_insert(&intervals, (struct interval){5, 6, 1}));
    no_memory = true;
    for (count = 1; count < 1000; count++)
        if (intervals_insert(&intervals, (struct interval){count * 10, count * 10 + 5, 2}) == NULL)
            break;
    no_memory = false;
    assert_in_range(count, 1, 999);
    assert_int_equal(intervals.count, count);
    assert_true(is_known(&intervals, 5, 1));
    for (size_t i = 1; i < count; i++)
        assert_true(is_known(&intervals, i * 10, 2));
    assert_non_null(intervals_insert(&intervals, (struct interval){count * 10, count * 10 + 5, 2}));
    assert_int_equal(intervals.count, count + 1);
    intervals_destroy(&intervals);
}

/* A full array needs no memory: others are removed. */
static void test_full_needs_no_memory(void **state)
{
    struct intervals intervals;
    (void)state;

    intervals_init(&intervals, 16);
    for (uint64_t i = 0; i < 16; i++)
        assert_non_null(intervals_insert(&intervals, (struct interval){i * 10, i * 10 + 5, 1}));
    no_memory = true;
    const struct interval *added = intervals_insert(&intervals, (struct interval){999, 1000, 2});
    no_memory = false;
    assert_non_null(added);
    assert_int_equal(added->kind, 2);
    intervals_destroy(&intervals);
}

static int setup(void **state)
{
    (void)state;
    no_memory = false;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_against_model, setup),
        cmocka_unit_test_setup(test_edges, setup),
        cmocka_unit_test_setup(test_shortest_go_first, setup),
        cmocka_unit_test_setup(test_bound_of_long_ones, setup),
        cmocka_unit_test_setup(test_no_memory, setup),
        cmocka_unit_test_setup(test_full_needs_no_memory, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
