/* SPDX-License-Identifier: MIT */
/* log: no flood, and a count of what it left out. The clock is the test's. */
#include "tests/unit/support.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fs/serve/log.h"

enum { IN_A_ROW = 20, LINE_EVERY_MS = 500 };

static int64_t now_ms;
static unsigned written;
static char last[200];

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){now_ms / 1000, now_ms % 1000 * 1000000};
    return 0;
}

static void note_line(enum fuse_log_level level, const char *format, va_list arguments)
{
    (void)level;
    written++;
    (void)vsnprintf(last, sizeof(last), format, arguments);
}

static int setup(void **state)
{
    static struct log log;
    now_ms = 1000000;
    written = 0;
    fuse_set_log_func(note_line);
    log_init(&log);
    *state = &log;
    return 0;
}

static int teardown(void **state)
{
    log_destroy(*state);
    fuse_set_log_func(NULL);
    return 0;
}

/* Writes a line if it may. */
static bool line(struct log *log, unsigned number)
{
    if (!log_may_write(log))
        return false;
    log_write(log, FUSE_LOG_NOTICE, "line %u of %s\n", number, "some");
    return true;
}

static void test_a_line(void **state)
{
    assert_true(line(*state, 7));
    assert_string_equal(last, "bigfs: line 7 of some\n");
    assert_int_equal(written, 1);
}

static void test_no_flood(void **state)
{
    unsigned lines = 0;

    for (unsigned i = 0; i < 10000; i++)
        lines += line(*state, i);
    assert_int_equal(lines, IN_A_ROW);
    assert_int_equal(written, IN_A_ROW);
    now_ms += LINE_EVERY_MS - 1;
    assert_false(line(*state, 1));
    now_ms += 1;
    assert_true(line(*state, 2));
    assert_false(line(*state, 3));
}

/* Before the next line there is one with the number of those that are missing; once. */
static void test_what_was_left_out(void **state)
{
    for (unsigned i = 0; i < IN_A_ROW + 5; i++)
        (void)line(*state, i);
    now_ms += 2 * LINE_EVERY_MS;
    assert_true(log_may_write(*state));
    log_write(*state, FUSE_LOG_NOTICE, "%s", "");
    assert_int_equal(written, IN_A_ROW + 2);
    assert_true(line(*state, 1));
    assert_int_equal(written, IN_A_ROW + 3);
}

static void test_the_count(void **state)
{
    struct log *log = *state;

    for (unsigned i = 0; i < IN_A_ROW + 5; i++)
        (void)line(log, i);
    assert_int_equal(log->left_out, 5);
}

/* After a long pause there is room for as many lines in a row, and no more. */
static void test_after_a_pause(void **state)
{
    unsigned lines = 0;

    for (unsigned i = 0; i < 100; i++)
        (void)line(*state, i);
    now_ms += 1000L * 3600 * 24 * 365;
    for (unsigned i = 0; i < 100; i++)
        lines += line(*state, i);
    assert_int_equal(lines, IN_A_ROW);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_a_line),    LOG_TEST(test_no_flood),      LOG_TEST(test_what_was_left_out),
        LOG_TEST(test_the_count), LOG_TEST(test_after_a_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
