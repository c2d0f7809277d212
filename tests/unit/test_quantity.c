/* SPDX-License-Identifier: MIT */
/* quantity: SIZE, COUNT and plain numbers, as users may write them and as they may not. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/quantity.h"

typedef int parser(const char *text, size_t length, uint64_t *value);

/* Parses a copy that ends with the text, so that reading beyond it is reading beyond the heap. */
static int parse(parser *parse_text, const char *text, size_t length, uint64_t *value)
{
    char *exact = malloc(length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, text, length);
    int error = parse_text(exact, length, value);
    free(exact);
    return error;
}

struct expectation {
    const char *text;
    int error;
    uint64_t value;
};

static void check_all(parser *parse_text, const struct expectation *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        int error = parse(parse_text, expected[i].text, strlen(expected[i].text), &value);
        if (error != expected[i].error || (error == 0 && value != expected[i].value))
            fail_msg("\"%s\": error %d, value %llu", expected[i].text, error,
                     (unsigned long long)value);
    }
}

/* Sizes: powers of 1024, in either case. */
static void test_size(void **state)
{
    const struct expectation expected[] = {
        {"0", 0, 0},
        {"1", 0, 1},
        {"0004096", 0, 4096},
        {"1k", 0, 1024},
        {"1K", 0, 1024},
        {"64M", 0, 64ull << 20},
        {"64m", 0, 64ull << 20},
        {"3G", 0, 3ull << 30},
        {"3g", 0, 3ull << 30},
        {"10T", 0, 10ull << 40},
        {"10t", 0, 10ull << 40},
        {"0T", 0, 0},
        {"9223372036854775807", 0, OFFSET_MAX},
        {"8388607T", 0, 8388607ull << 40},
        {"9007199254740991K", 0, 9007199254740991ull << 10},
    };
    (void)state;
    check_all(quantity_parse_size, expected, LENGTH_OF(expected));
}

/* Counts: powers of 1000; there is no T among them. */
static void test_count(void **state)
{
    const struct expectation expected[] = {
        {"0", 0, 0},
        {"7", 0, 7},
        {"1k", 0, 1000},
        {"4M", 0, 4000000},
        {"2g", 0, 2000000000},
        {"9223372036G", 0, 9223372036000000000},
        {"9223372036854775807", 0, OFFSET_MAX},
        {"9223372037G", -ERANGE, 0},
        {"1T", -EINVAL, 0},
        {"1t", -EINVAL, 0},
    };
    (void)state;
    check_all(quantity_parse_count, expected, LENGTH_OF(expected));
}

static void test_number(void **state)
{
    const struct expectation expected[] = {
        {"0", 0, 0},
        {"000000", 0, 0},
        {"000123", 0, 123},
        {"9223372036854775807", 0, OFFSET_MAX},
        {"9223372036854775808", -ERANGE, 0},
        {"1K", -EINVAL, 0},
        {"", -EINVAL, 0},
    };
    (void)state;
    check_all(quantity_parse_number, expected, LENGTH_OF(expected));
}

/* What is beyond a file offset is too large, be it by digits, by suffix, or beyond 64 bits. */
static void test_too_large(void **state)
{
    const struct expectation expected[] = {
        {"9223372036854775808", -ERANGE, 0},
        {"18446744073709551615", -ERANGE, 0},
        {"18446744073709551616", -ERANGE, 0},
        {"18446744073709551617", -ERANGE, 0},
        {"99999999999999999999999999", -ERANGE, 0},
        {"8388608T", -ERANGE, 0},
        {"16777216T", -ERANGE, 0},
        {"16777217T", -ERANGE, 0},
        {"9007199254740992K", -ERANGE, 0},
        {"99999999999999999999T", -ERANGE, 0},
    };
    (void)state;
    check_all(quantity_parse_size, expected, LENGTH_OF(expected));
}

/* Text of another form is rejected as such, however many digits it has. */
static void test_garbage(void **state)
{
    const struct expectation expected[] = {
        {"", -EINVAL, 0},
        {"K", -EINVAL, 0},
        {"k", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"1 K", -EINVAL, 0},
        {"1KB", -EINVAL, 0},
        {"1Ki", -EINVAL, 0},
        {"1KK", -EINVAL, 0},
        {"K1", -EINVAL, 0},
        {"1P", -EINVAL, 0},
        {"1E", -EINVAL, 0},
        {"1B", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
        {"1.5M", -EINVAL, 0},
        {"1,000", -EINVAL, 0},
        {"1\n", -EINVAL, 0},
        {"\xef\xbc\x91", -EINVAL, 0},
        {"1\xcb", -EINVAL, 0},
        {"/", -EINVAL, 0},
        {":", -EINVAL, 0},
        {"1@", -EINVAL, 0},
        {"1[", -EINVAL, 0},
        {"1`", -EINVAL, 0},
        {"1{", -EINVAL, 0},
        {"1\xc4\xb0", -EINVAL, 0},
        {"99999999999999999999x", -EINVAL, 0},
        {"99999999999999999999!", -EINVAL, 0},
        {"99999999999999999999!9", -EINVAL, 0},
        {"99999999999999999999KK", -EINVAL, 0},
    };
    (void)state;
    check_all(quantity_parse_size, expected, LENGTH_OF(expected));
    check_all(quantity_parse_count, expected, LENGTH_OF(expected));
    check_all(quantity_parse_number, expected, LENGTH_OF(expected));
}

/* A NUL is a byte like any other that is no digit: it does not end the text. */
static void test_embedded_nul(void **state)
{
    uint64_t value = 0;
    (void)state;
    assert_int_equal(parse(quantity_parse_size, "1\0", 2, &value), -EINVAL);
    assert_int_equal(parse(quantity_parse_size, "1\0K", 3, &value), -EINVAL);
    assert_int_equal(parse(quantity_parse_size, "\0", 1, &value), -EINVAL);
}

/* Only `length` bytes are looked at. */
static void test_length(void **state)
{
    uint64_t value = 0;
    (void)state;
    assert_int_equal(quantity_parse_size("12Kx", 3, &value), 0);
    assert_int_equal(value, 12 * 1024);
    assert_int_equal(quantity_parse_size("12Kx", 2, &value), 0);
    assert_int_equal(value, 12);
    assert_int_equal(quantity_parse_size("12Kx", 0, &value), -EINVAL);
}

struct grammar {
    parser *parse;
    const char *suffixes; /* pairs: upper, lower */
    uint64_t step;
};

/* An independent reading of the text, in numbers that do not overflow before the text ends. */
static int model_parse(const struct grammar *grammar, const char *text, size_t length,
                       uint64_t *value)
{
    unsigned __int128 sum = 0;
    size_t digits = 0;

    for (; digits < length && text[digits] >= '0' && text[digits] <= '9'; digits++) {
        sum = sum * 10 + (unsigned __int128)(text[digits] - '0');
        if (sum > OFFSET_MAX)
            sum = (unsigned __int128)OFFSET_MAX + 1; /* too large stays too large */
    }
    if (digits == 0 || length - digits > 1)
        return -EINVAL;
    if (length > digits) {
        const char *suffix = text[digits] != '\0' ? strchr(grammar->suffixes, text[digits]) : NULL;
        if (suffix == NULL)
            return -EINVAL;
        for (long i = 0; i <= (suffix - grammar->suffixes) / 2; i++)
            sum *= grammar->step;
    }
    *value = (uint64_t)sum;
    return sum > OFFSET_MAX ? -ERANGE : 0;
}

static size_t random_text(struct random *random, char *text, size_t most)
{
    static const char likely[] = "KkMmGgTtPe+-. x\n";
    size_t length = (size_t)random_below(random, most);

    for (size_t i = 0; i < length; i++)
        text[i] = (char)('0' + random_below(random, 10));
    if (length > 0 && random_chance(random, 60))
        text[length - 1] = likely[random_below(random, sizeof(likely))];
    if (length > 0 && random_chance(random, 10))
        text[random_below(random, length)] = (char)random_below(random, 256);
    return length;
}

static void test_against_model(void **state)
{
    const struct grammar grammars[] = {
        {quantity_parse_size, "KkMmGgTt", 1024},
        {quantity_parse_count, "KkMmGg", 1000},
        {quantity_parse_number, "", 1},
    };
    struct random random = random_case(0);
    (void)state;

    for (int i = 0; i < 60000; i++) {
        const struct grammar *grammar = &grammars[i % 3];
        char text[24];
        uint64_t expected = 0;
        uint64_t value = 0;
        size_t length = random_text(&random, text, sizeof(text));
        int error = model_parse(grammar, text, length, &expected);
        assert_int_equal(parse(grammar->parse, text, length, &value), error);
        if (error == 0)
            assert_int_equal(value, expected);
    }
}

/* What is written is read again as the same, and is as short as it can be. */
static void test_written(void **state)
{
    static const struct {
        uint64_t value;
        const char *size;
        const char *count;
    } cases[] = {
        {0, "0", "0"},
        {1, "1", "1"},
        {1000, "1000", "1K"},
        {1024, "1K", "1024"},
        {1536, "1536", "1536"},
        {1000000, "1000000", "1M"},
        {64 << 20, "64M", "67108864"},
        {UINT64_C(3) << 50, "3072T", "3377699720527872"},
        {UINT64_C(7) * 1000 * 1000 * 1000 * 1000, "6835937500K", "7000G"},
        {INT64_MAX, "9223372036854775807", "9223372036854775807"},
    };
    char text[QUANTITY_MOST];
    uint64_t value = 0;

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        quantity_write_size(cases[i].value, text);
        assert_string_equal(text, cases[i].size);
        assert_int_equal(quantity_parse_size(text, strlen(text), &value), 0);
        assert_int_equal(value, cases[i].value);
        quantity_write_count(cases[i].value, text);
        assert_string_equal(text, cases[i].count);
        assert_int_equal(quantity_parse_count(text, strlen(text), &value), 0);
        assert_int_equal(value, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),    cmocka_unit_test(test_count),
        cmocka_unit_test(test_number),  cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_garbage), cmocka_unit_test(test_embedded_nul),
        cmocka_unit_test(test_length),  cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
