/* SPDX-License-Identifier: MIT */
/* core/view/key_name: ranges of keys, by name. */
#include "tests/unit/support.h"

#include <stdio.h>
#include <string.h>

#include "core/view/key_name.h"

/* A key of `length` bytes, or no limit if `bytes` is NULL. */
static void assert_key(bool there, const struct sort_key *key, const char *bytes, size_t length)
{
    assert_int_equal(there, bytes != NULL);
    if (bytes == NULL)
        return;
    assert_int_equal(key->length, length);
    assert_memory_equal(key->bytes, bytes, length);
}

#define LIMIT(text) text, sizeof(text) - 1
#define NO_LIMIT NULL, 0

static void test_ranges(void **state)
{
    static const struct {
        const char *name;
        const char *from;
        size_t from_length;
        const char *to;
        size_t to_length;
    } cases[] = {
        {"a..b", LIMIT("a"), LIMIT("b")},
        {"2026-11-28T09:15..2026-11-28T09:20", LIMIT("2026-11-28T09:15"),
         LIMIT("2026-11-28T09:20")},
        {"b..a", LIMIT("b"), LIMIT("a")},
        {"a..", LIMIT("a"), NO_LIMIT},
        {"..b", NO_LIMIT, LIMIT("b")},
        {"a...b", LIMIT("a"), LIMIT(".b")}, /* split at the first two dots */
        {"a....b", LIMIT("a"), LIMIT("..b")},
        {"a..b..c", LIMIT("a"), LIMIT("b..c")},
        {"...", NO_LIMIT, LIMIT(".")},
        {"a%2E..b", LIMIT("a."), LIMIT("b")},
        {"a%2e..b", LIMIT("a."), LIMIT("b")},
        {"%2E%2E..%2E%2e", LIMIT(".."), LIMIT("..")},
        {"x%2F..%25", LIMIT("x/"), LIMIT("%")},
        {"%00..%0a", LIMIT("\0"), LIMIT("\n")},
        {"\x80..\xff", LIMIT("\x80"), LIMIT("\xff")},
        {"%fF..%Ff", LIMIT("\xff"), LIMIT("\xff")},
        {" .. ", LIMIT(" "), LIMIT(" ")},
        /* prefixes */
        {"a", LIMIT("a"), LIMIT("b")},
        {"a.b", LIMIT("a.b"), LIMIT("a.c")},
        {"a.log", LIMIT("a.log"), LIMIT("a.loh")}, /* no extension: all of it is the key */
        {"4096+100", LIMIT("4096+100"), LIMIT("4096+101")},
        {"5", LIMIT("5"), LIMIT("6")},
        {"%2E%2E", LIMIT(".."), LIMIT("./")},
        {"%2E", LIMIT("."), LIMIT("/")},
        {"%2E.", LIMIT(".."), LIMIT("./")},
        {"a%00", LIMIT("a\0"), LIMIT("a\1")},
        {"a\xff", LIMIT("a\xff"), LIMIT("b")},
        {"a\xfe\xff\xff", LIMIT("a\xfe\xff\xff"), LIMIT("a\xff")},
        {"\x7f", LIMIT("\x7f"), LIMIT("\x80")},
        {"\xff", LIMIT("\xff"), NO_LIMIT},
        {"%FF\xff", LIMIT("\xff\xff"), NO_LIMIT},
        {"%2525", LIMIT("%25"), LIMIT("%26")}, /* decoded once */
    };
    struct key_range range;
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        if (!key_name_read(cases[i].name, &range))
            fail_msg("%s is no range of keys", cases[i].name);
        assert_key(range.has_from, &range.from, cases[i].from, cases[i].from_length);
        assert_key(range.has_to, &range.to, cases[i].to, cases[i].to_length);
    }
}

static void test_no_ranges(void **state)
{
    static const char *const names[] = {
        "",     "..",    "%",     "a%",    "a%2",    "%2..",      "%2..E", "a..%",
        "%g0",  "%0g",   "% 1",   "%+1",   "%-1",    "%0x10",     "%%",    "%%25",
        "a%2G", "..%zz", "%..25", "a..b%", "a%2..E", "%\xff\xff",
    };
    struct key_range range;
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(names); i++)
        if (key_name_read(names[i], &range))
            fail_msg("%s is a range of keys", names[i]);
}

/* The longest name of a directory entry fits; nothing longer is written anywhere. */
static void test_long_names(void **state)
{
    char name[SORT_KEY_MOST + 4];
    struct key_range range;
    (void)state;

    memset(name, 'k', sizeof(name));
    name[SORT_KEY_MOST] = '\0';
    assert_true(key_name_read(name, &range));
    assert_int_equal(range.from.length, SORT_KEY_MOST);
    assert_int_equal(range.to.length, SORT_KEY_MOST);
    name[SORT_KEY_MOST] = 'k';
    name[SORT_KEY_MOST + 1] = '\0';
    assert_false(key_name_read(name, &range));
    memset(name, '\xff', SORT_KEY_MOST);
    memcpy(name + SORT_KEY_MOST, "..", 3);
    assert_true(key_name_read(name, &range));
    assert_true(range.has_from && !range.has_to);
}

/* Each byte but NUL and / as it is, and each as %XX. */
static void test_all_bytes(void **state)
{
    struct key_range range;
    char name[32];
    (void)state;

    for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
        const char key[] = {'k', (char)byte};
        (void)snprintf(name, sizeof(name), byte % 2 == 0 ? "k%%%02x..z" : "k%%%02X..z", byte);
        assert_true(key_name_read(name, &range));
        assert_key(range.has_from, &range.from, key, sizeof(key));
        (void)snprintf(name, sizeof(name), "a..k%c", (int)byte);
        if (byte == 0 || byte == '%')
            continue;
        assert_true(key_name_read(name, &range));
        assert_key(range.has_to, &range.to, key, sizeof(key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_no_ranges),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_all_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
