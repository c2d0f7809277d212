/* SPDX-License-Identifier: MIT */
/*
 * text_store: what the kernel gets of a text is the text, in whole steps, and its end in any case.
 *
 * This program is linked with --wrap=fuse_lowlevel_notify_store (tests/unit/kernel_store.h).
 */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>

#include "fs/tree/text_store.h"
#include "tests/unit/kernel_store.h"

enum { TEXT_KIND = 1, STORED_MOST = 32 * 1024 * 1024 };

static struct node node;

static int setup(void **state)
{
    (void)state;
    kernel_store_reset();
    return 0;
}

/* Adds a text of so many bytes in steps, and finishes. */
static void store_text(struct text_store *store, uint64_t length, struct random *random)
{
    char part[4096];

    for (uint64_t done = 0; done < length;) {
        uint64_t step = random != NULL ? random_between(random, 0, sizeof(part)) : sizeof(part);
        step = step < length - done ? step : length - done;
        pattern_fill(part, (size_t)step, done, TEXT_KIND);
        text_store_add(store, part, (size_t)step);
        done += step;
    }
    text_store_finish(store);
    text_store_free(store);
}

/* Whole steps from the start, as far as they are kept, then the last one; and nothing else. */
static void assert_stored(uint64_t length)
{
    uint64_t last = (length - 1) / TEXT_STEP * TEXT_STEP;

    assert_int_equal(kernel_store.size, length);
    assert_true(kernel_store.count > 0);
    for (unsigned i = 0; i < kernel_store.count; i++) {
        const struct stored_step *step = &kernel_store.steps[i];
        uint64_t left = length - step->offset;
        assert_ptr_equal(step->node, &node);
        assert_int_equal(step->offset % TEXT_STEP, 0);
        assert_true(step->offset < STORED_MOST || step->offset == last);
        assert_int_equal(step->size, left < TEXT_STEP ? left : TEXT_STEP);
        assert_int_equal(step->offset, i + 1 < kernel_store.count ? (uint64_t)i * TEXT_STEP : last);
        assert_true(
            pattern_matches(kernel_store.bytes + step->at, step->size, step->offset, TEXT_KIND));
    }
}

static void store_and_check(uint64_t length, struct random *random)
{
    struct text_store store;

    kernel_store_reset();
    assert_int_equal(text_store_begin(&store, NULL, &node, 0), 0);
    assert_false(store.began);
    store_text(&store, length, random);
    assert_true(store.began);
    assert_stored(length);
}

static void test_lengths_around_steps(void **state)
{
    static const uint64_t lengths[] = {
        1, 2, TEXT_STEP - 1, TEXT_STEP, TEXT_STEP + 1, 3 * TEXT_STEP - 1, 3 * TEXT_STEP, 100000};
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lengths); i++)
        store_and_check(lengths[i], NULL);
}

static void test_any_parts(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 50; i++) {
        struct random random = random_case(i);
        store_and_check(random_between(&random, 1, 300000), &random);
    }
}

/* Of a very long text the kernel gets the start, and the end, which tells it the size. */
static void test_long_texts(void **state)
{
    (void)state;
    store_and_check(STORED_MOST, NULL);
    assert_int_equal(kernel_store.count, STORED_MOST / TEXT_STEP);
    store_and_check((uint64_t)STORED_MOST + TEXT_STEP, NULL);
    assert_int_equal(kernel_store.count, STORED_MOST / TEXT_STEP + 1);
    store_and_check((uint64_t)STORED_MOST + 5 * TEXT_STEP + 7, NULL);
    assert_int_equal(kernel_store.count, STORED_MOST / TEXT_STEP + 1);
}

/* Nothing is handed over before there is a whole step, and something after it. */
static void test_not_before_its_time(void **state)
{
    static const char bytes[TEXT_STEP];
    struct text_store store;
    (void)state;

    assert_int_equal(text_store_begin(&store, NULL, &node, 0), 0);
    text_store_add(&store, bytes, TEXT_STEP - 1);
    text_store_add(&store, bytes, 0);
    text_store_add(&store, bytes, 1);
    assert_int_equal(kernel_store.count, 0);
    assert_false(store.began); /* the text could be made anew */
    text_store_add(&store, bytes, 1);
    assert_int_equal(kernel_store.count, 1);
    assert_true(store.began);
    text_store_free(&store);
    assert_int_equal(kernel_store.count, 1);
}

/* From a step on: what comes before it is not wanted. */
static void test_from_the_middle(void **state)
{
    struct text_store store;
    (void)state;

    assert_int_equal(text_store_begin(&store, NULL, &node, 7 * TEXT_STEP), 0);
    text_store_add(&store, "abc", 3);
    text_store_finish(&store);
    text_store_free(&store);
    assert_int_equal(kernel_store.count, 1);
    assert_int_equal(kernel_store.steps[0].offset, 7 * TEXT_STEP);
    assert_int_equal(kernel_store.steps[0].size, 3);
    assert_memory_equal(kernel_store.bytes, "abc", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lengths_around_steps, setup),
        cmocka_unit_test_setup(test_any_parts, setup),
        cmocka_unit_test_setup(test_long_texts, setup),
        cmocka_unit_test_setup(test_not_before_its_time, setup),
        cmocka_unit_test_setup(test_from_the_middle, setup),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kernel_store_reset();
    return failed;
}
