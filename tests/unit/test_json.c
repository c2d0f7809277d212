/* SPDX-License-Identifier: MIT */
/* core/base/json and core/base/utf8: any bytes make a string that is valid, and says what it can.
 */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/utf8.h"

/* The string for a text in memory that ends with it, so that reading beyond it is found. */
static const char *written(const char *text, bool *exact)
{
    static char string[4096];
    char *copy = strdup(text);

    assert_non_null(copy);
    memset(string, '#', sizeof(string));
    size_t length = json_write_string(copy, string, exact);
    free(copy);
    assert_in_range(length, 2, JSON_BYTE_MOST * strlen(text) + 2);
    string[length] = '\0';
    return string;
}

static void assert_exact(const char *text, const char *wanted)
{
    bool exact = false;
    assert_string_equal(written(text, &exact), wanted);
    assert_true(exact);
}

static void assert_replaced(const char *text, const char *wanted)
{
    bool exact = true;
    assert_string_equal(written(text, &exact), wanted);
    assert_false(exact);
}

static void test_strings(void **state)
{
    (void)state;
    assert_exact("", "\"\"");
    assert_exact("000001.log", "\"000001.log\"");
    assert_exact("a\"b\\c/", "\"a\\\"b\\\\c/\"");
    assert_exact("\t\n\x01\x1f\x7f", "\"\\u0009\\u000a\\u0001\\u001f\\u007f\"");
    assert_exact("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\"\\u0080\\u009b\\u009f\xc2\xa0\"");
    assert_exact("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                 "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    assert_replaced("\xff", "\"\xef\xbf\xbd\"");
    assert_replaced("a\xc3", "\"a\xef\xbf\xbd\"");
    assert_replaced("\xc3\"", "\"\xef\xbf\xbd\\\"\"");
    assert_replaced("\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_exact("\xef\xbf\xbd", "\"\xef\xbf\xbd\"");
}

/* The encoding of a code point of so many bytes, valid or not. */
static void encode(unsigned point, size_t length, char *text)
{
    static const unsigned leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    text[length] = '\0';
    for (size_t i = length; i-- > 1; point >>= 6)
        text[i] = (char)(0x80 | (point & 0x3f));
    text[0] = (char)(leads[length] | point);
}

/* Each code point has one valid form, and surrogates have none. */
static void test_every_code_point(void **state)
{
    (void)state;
    for (unsigned point = 1; point < 0x200000; point++) {
        const size_t shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        const bool valid = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        char text[5];
        for (size_t length = shortest; length <= 4; length++) {
            encode(point, length, text);
            size_t found = utf8_character(text);
            if (found != (valid && length == shortest ? length : 0))
                fail_msg("U+%04X in %zu bytes: %zu", point, length, found);
        }
    }
}

/* Bytes by chance: what is valid is taken whole, and each byte that is not becomes one U+FFFD. */
static void test_random_bytes(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        char text[33];
        uint64_t length = random_below(&random, sizeof(text));
        for (uint64_t k = 0; k < length; k++)
            text[k] = (char)(random_below(&random, 2) == 0 ? 0x80 + random_below(&random, 0x80)
                                                           : 1 + random_below(&random, 0xff));
        text[length] = '\0';
        bool exact = false;
        const char *string = written(text, &exact);
        bool valid = true;
        for (const char *at = text; *at != '\0' && valid; at += utf8_character(at))
            valid = utf8_character(at) > 0;
        assert_int_equal(exact, valid);
        for (const char *at = string; *at != '\0'; at += utf8_character(at))
            assert_true(utf8_character(at) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
