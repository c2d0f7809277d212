/* SPDX-License-Identifier: MIT */
/* readable: sizes and times as people read them. */
#include "tests/unit/support.h"

#include "core/base/readable.h"

static void test_bytes(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {200 * 1024, "200 KiB"},
        {UINT64_C(64) << 20, "64.0 MiB"},
        {UINT64_C(3) << 40, "3.0 TiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    char text[READABLE_MOST];

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        readable_bytes(cases[i].bytes, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_seconds(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } cases[] = {
        {0, "0 s"},
        {59, "59 s"},
        {60, "1 min 0 s"},
        {3599, "59 min 59 s"},
        {3600, "1 h 0 min"},
        {86399, "23 h 59 min"},
        {86400, "1 d 0 h"},
        {12 * 86400 + 3 * 3600 + 59, "12 d 3 h"},
        {UINT64_MAX, "213503982334601 d 7 h"},
    };
    char text[READABLE_MOST];

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        readable_seconds(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_utc(void **state)
{
    char text[READABLE_MOST];

    (void)state;
    readable_utc(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    readable_utc(1795962744, text);
    assert_string_equal(text, "2026-11-29T14:32:24Z");
    readable_utc((time_t)INT64_MAX, text); /* no year has room for it */
    assert_string_equal(text, "at an unknown time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
