/* SPDX-License-Identifier: MIT */
/* buffers: a buffer is one thread's at a time, whole, and the last one given back comes first. */
#include "tests/unit/support.h"

#include <errno.h>
#include <string.h>

#include "fs/serve/buffers.h"

enum { COUNT = 4, SIZE = 4096 };

static int setup(void **state)
{
    static struct buffers buffers;
    *state = &buffers;
    return buffers_init(&buffers, COUNT, SIZE);
}

static int teardown(void **state)
{
    buffers_destroy(*state);
    return 0;
}

/* Each holds its own bytes, from the first to the last. */
static void test_no_two_share_a_byte(void **state)
{
    struct buffers *buffers = *state;
    char *taken[COUNT];

    assert_int_equal(buffers->size, SIZE);
    for (unsigned i = 0; i < COUNT; i++) {
        taken[i] = buffers_take(buffers);
        pattern_fill(taken[i], SIZE, 0, i);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(pattern_matches(taken[i], SIZE, 0, i));
        buffers_give_back(buffers, taken[i]);
    }
}

static void test_the_last_one_given_back_comes_first(void **state)
{
    struct buffers *buffers = *state;
    char *one = buffers_take(buffers);
    char *other = buffers_take(buffers);

    buffers_give_back(buffers, one);
    buffers_give_back(buffers, other);
    assert_ptr_equal(buffers_take(buffers), other);
    assert_ptr_equal(buffers_take(buffers), one);
    buffers_give_back(buffers, one);
    buffers_give_back(buffers, other);
}

static void take_and_write(void *argument, unsigned index)
{
    struct buffers *buffers = argument;

    for (unsigned i = 0; i < 2000; i++) {
        char *buffer = buffers_take(buffers);
        memset(buffer, (int)index, SIZE);
        THREAD_CHECK(buffer[0] == (char)index && buffer[SIZE - 1] == (char)index);
        THREAD_CHECK(memcmp(buffer, buffer + 1, SIZE - 1) == 0);
        buffers_give_back(buffers, buffer);
    }
}

static void test_threads(void **state)
{
    struct buffers *buffers = *state;
    run_threads(COUNT, take_and_write, buffers);
    assert_int_equal(buffers->free_count, COUNT);
}

static void test_too_large(void **state)
{
    struct buffers none;
    (void)state;
    assert_int_equal(buffers_init(&none, 2, SIZE_MAX / 4), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_two_share_a_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_last_one_given_back_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
