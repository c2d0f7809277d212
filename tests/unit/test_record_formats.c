/* SPDX-License-Identifier: MIT */
/*
 * record_formats: the table, and that the functions of each format agree with each other.
 */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>

#include "core/format/lines.h"
#include "core/format/record_formats.h"

static size_t count_formats(void)
{
    size_t count = 0;
    while (record_formats[count] != NULL)
        count++;
    return count;
}

/* Lines come first; the table ends; names and numbers of formats are their own. */
static void test_table(void **state)
{
    const size_t count = count_formats();
    (void)state;

    assert_in_range(count, 1, 100);
    assert_ptr_equal(record_formats[0], &lines_format);
    assert_string_equal(lines_format.name, "lines");
    assert_int_equal(lines_format.number, 0); /* as in index files since there are any */
    for (size_t i = 0; i < count; i++) {
        const struct record_format *format = record_formats[i];
        assert_non_null(format->find_end);
        assert_non_null(format->count_ends);
        assert_non_null(format->find_nth_end);
        assert_in_range(strlen(format->name), 1, 64);
        assert_null(strpbrk(format->name, "./,=@-")); /* it is a part of paths */
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(format->number, record_formats[k]->number);
            assert_string_not_equal(format->name, record_formats[k]->name);
        }
    }
}

/* A name stands for its format, all of it and nothing else. The default one has no name in paths.
 */
static void test_names(void **state)
{
    (void)state;
    assert_null(record_format_named("lines", 5));
    assert_null(record_format_named("", 0));
    assert_null(record_format_named("lines,header", 12));
    for (size_t i = 1; i < count_formats(); i++) {
        const char *name = record_formats[i]->name;
        char longer[80];
        memset(longer, 'x', sizeof(longer));
        memcpy(longer, name, strlen(name));
        assert_ptr_equal(record_format_named(name, strlen(name)), record_formats[i]);
        assert_ptr_equal(record_format_named(longer, strlen(name)), record_formats[i]);
        assert_null(record_format_named(longer, strlen(name) + 1));
        assert_ptr_not_equal(record_format_named(name, strlen(name) - 1), record_formats[i]);
    }
}

/* Where each format's records end, by find_end() alone. */
static size_t find_ends(const struct record_format *format, const uint8_t *bytes, size_t length,
                        size_t *places)
{
    size_t count = 0;

    for (const uint8_t *at = bytes; at < bytes + length;) {
        const uint8_t *end = format->find_end(at, length - (size_t)(at - bytes));
        if (end == NULL)
            break;
        assert_true(end >= at && end < bytes + length);
        places[count++] = (size_t)(end - bytes);
        at = end + 1;
    }
    return count;
}

/* The functions agree on any bytes, which end where memory does: the sanitizers tell. */
static void check_agree(const struct record_format *format, const uint8_t *bytes, size_t length)
{
    size_t *places = calloc(length + 1, sizeof(*places));
    assert_non_null(places);
    const size_t count = find_ends(format, bytes, length, places);

    assert_int_equal(format->count_ends(bytes, length), count);
    for (size_t nth = 1; nth <= count; nth += 1 + nth / 3)
        assert_int_equal(format->find_nth_end(bytes, length, nth), places[nth - 1]);
    if (count > 0)
        assert_int_equal(format->find_nth_end(bytes, length, count), places[count - 1]);
    assert_int_equal(format->find_nth_end(bytes, length, count + 1), length);
    assert_int_equal(format->find_nth_end(bytes, length, UINT64_MAX), length);
    free(places);
}

static void test_functions_agree(void **state)
{
    static const uint8_t likely[] = {'\n', '\0', '\r', 'x'};
    struct random random = random_case(1);
    (void)state;

    for (size_t i = 0; i < count_formats(); i++)
        for (int round = 0; round < 500; round++) {
            size_t length = (size_t)random_below(&random, round % 10 == 0 ? 20000 : 300);
            unsigned percent = (unsigned)random_below(&random, 101);
            uint8_t *bytes = malloc(length);
            assert_true(bytes != NULL || length == 0);
            for (size_t at = 0; at < length; at++)
                bytes[at] = random_chance(&random, percent)
                                ? likely[random_below(&random, LENGTH_OF(likely))]
                                : (uint8_t)random_next(&random);
            check_agree(record_formats[i], bytes, length);
            free(bytes);
        }
}

/* A line ends at LF, whatever else is in it. */
static void test_lines(void **state)
{
    static const uint8_t text[] = "one\r\n\n\xef\xbb\xbftwo\0three\n\rfour";
    const size_t length = sizeof(text) - 1;
    (void)state;

    assert_ptr_equal(lines_format.find_end(text, length), text + 4);
    assert_ptr_equal(lines_format.find_end(text + 5, length - 5), text + 5);
    assert_ptr_equal(lines_format.find_end(text + 6, length - 6), text + 18);
    assert_null(lines_format.find_end(text + 19, length - 19));
    assert_null(lines_format.find_end(text, 4));
    assert_null(lines_format.find_end(text, 0));
    assert_int_equal(lines_format.count_ends(text, length), 3);
    assert_int_equal(lines_format.count_ends(text, 0), 0);
    assert_int_equal(lines_format.find_nth_end(text, length, 3), 18);
    assert_int_equal(lines_format.find_nth_end(text, length, 4), length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_functions_agree),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
