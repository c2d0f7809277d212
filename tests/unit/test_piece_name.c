/* SPDX-License-Identifier: MIT */
/* core/view/piece_name: the names of pieces, written and read. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/extension.h"
#include "core/view/view_types.h"
#include "tests/unit/piece_found.h"

#define K 1024ull
#define M (1024 * K)
#define T (1024 * M * K)
#define LARGEST INT64_MAX
#define LARGEST_TEXT "9223372036854775807"

static void assert_found(const struct piece_file *file, const char *name,
                         const struct piece_found *wanted)
{
    struct piece_found found;
    if (piece_found_read(file, name, &found) != 0)
        fail_msg("%s/%s is no piece", file->view, name);
    assert_int_equal(found.kind, wanted->kind);
    assert_int_equal(found.offset, wanted->offset);
    assert_int_equal(found.length, wanted->length);
}

static void assert_none(const struct piece_file *file, const char *name)
{
    struct piece_found found;
    if (piece_found_read(file, name, &found) != -ENOENT)
        fail_msg("%s/%s is a piece", file->view, name);
}

/* Written as `name`, and read again. */
static void assert_name(const struct piece_file *file, const struct piece_found *found,
                        const char *name)
{
    char written[PIECE_NAME_MOST + 1];
    piece_found_write(file, found, written);
    assert_string_equal(written, name);
    assert_found(file, name, found);
}

/* Read again as what was written. */
static void assert_round_trip(const struct piece_file *file, const struct piece_found *found)
{
    char name[PIECE_NAME_MOST + 1];
    piece_found_write(file, found, name);
    assert_found(file, name, found);
}

#define FILE_(...) (&(const struct piece_file){__VA_ARGS__})
#define FOUND(...) (&(const struct piece_found){__VA_ARGS__})

/* Numbers */

/* Six digits, or as many as the last number has. */
static void test_numbers(void **state)
{
    (void)state;
    assert_name(FILE_("bytes", ".log", 1), FOUND(NUMBER, 0, 0), "000000");
    assert_name(FILE_("bytes", "", 1000000), FOUND(NUMBER, 999999, 0), "999999");
    assert_name(FILE_("bytes", "", 1000001), FOUND(NUMBER, 0, 0), "0000000");
    assert_name(FILE_("bytes", "", 1000001), FOUND(NUMBER, 1000000, 0), "1000000");
    assert_name(FILE_("bytes", "", LARGEST), FOUND(NUMBER, 7, 0), "0000000000000000007");
    assert_name(FILE_("bytes", "", LARGEST), FOUND(NUMBER, LARGEST - 1, 0), "9223372036854775806");
    assert_name(FILE_("lines", ".log", 3), FOUND(NUMBER, 2, 0), "000002.log");
    assert_name(FILE_("lines", "", 3), FOUND(NUMBER, 2, 0), "000002");
    assert_name(FILE_("rows", ".csv", 10000001), FOUND(NUMBER, 12, 0), "00000012.csv");
}

/* Padded or not, with or without the extension. */
static void test_other_forms_of_numbers(void **state)
{
    (void)state;
    for (int rows = 0; rows < 2; rows++) {
        const struct piece_file *file = FILE_(rows != 0 ? "rows" : "lines", ".log", 20);
        assert_found(file, "5", FOUND(NUMBER, 5, 0));
        assert_found(file, "000005", FOUND(NUMBER, 5, 0));
        assert_found(file, "5.log", FOUND(NUMBER, 5, 0));
        assert_found(file, "000005.log", FOUND(NUMBER, 5, 0));
        assert_found(file, "0", FOUND(NUMBER, 0, 0));
        assert_found(file, "0.log", FOUND(NUMBER, 0, 0));
        assert_found(file, "19", FOUND(NUMBER, 19, 0));
        assert_none(file, "5.txt");
        assert_none(file, "5.");
        assert_none(file, "5.log.log");
        assert_none(file, "5.lo");
        assert_none(file, "5log");
        assert_none(file, ".log");
    }
    assert_found(FILE_("bytes", ".log", 20), "5", FOUND(NUMBER, 5, 0));
    assert_none(FILE_("bytes", ".log", 20), "5.log"); /* bytes are no log */
    assert_none(FILE_("lines", "", 20), "5.log");
    assert_found(FILE_("bytes", "", 1000001), "5", FOUND(NUMBER, 5, 0));
    assert_found(FILE_("bytes", "", 1000001), "0000005", FOUND(NUMBER, 5, 0));
    assert_none(FILE_("bytes", "", 1000001), "000005"); /* neither padded nor unpadded */
}

static void test_no_numbers(void **state)
{
    static const char *const views[] = {"bytes", "lines", "rows"};
    static const char *const names[] = {
        "",
        "20",
        "000020",
        "99",
        "x",
        "05",
        "00005",
        "0000005",
        "00",
        "0000000",
        "1K",
        "1k",
        "5 ",
        " 5",
        "5\n",
        "0x5",
        "5,",
        "5.5",
        "5/",
        "n5",
        "@5",
        "five",
        "٥",
        ".",
        "..",
        "5.tsv",
        "999999",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551621",
        "99999999999999999999999999999999999999999999999999999999999999999999999999999999",
    };
    (void)state;

    for (size_t k = 0; k < LENGTH_OF(views); k++)
        for (size_t i = 0; i < LENGTH_OF(names); i++)
            assert_none(FILE_(views[k], ".log", 20), names[i]);
    assert_none(FILE_("bytes", "", 0), "0");
    assert_none(FILE_("bytes", "", 0), "000000");
}

/* Extents have no numbers. */
static void test_numbers_of_extents(void **state)
{
    (void)state;
    assert_none(FILE_("extents", "", 20), "5");
    assert_none(FILE_("extents", "", 20), "000005");
    assert_none(FILE_("extents", "", 0), "0");
}

/* Extensions */

static void test_extensions(void **state)
{
    static const char *const cases[][2] = {
        {"app.log", ".log"}, {"a.tar.gz", ".gz"}, {"app", ""}, {"", ""},        {".bashrc", ""},
        {".a.b", ".b"},      {"app.", ""},        {"a..", ""}, {"a..b", ".b"},  {"..b", ".b"},
        {"a. b", ". b"},     {".", ""},           {"..", ""},  {"a.\n", ".\n"},
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        assert_string_equal(file_extension(cases[i][0]), cases[i][1]);
}

/* The name of the view that is one piece. */
static void write_whole(const char *extension, char *name)
{
    piece_name_write_single(view_types[view_type_named("whole", 5)], extension, name);
}

static bool is_whole(const char *extension, const char *name)
{
    const struct view_type *found = piece_name_find_single(extension, name);
    assert_true(found == NULL || strcmp(found->name, "whole") == 0);
    return found != NULL;
}

/* An extension that would make a name too long for a directory is left out, all of it. */
static void test_long_extensions(void **state)
{
    char extension[PIECE_NAME_MOST + 2];
    char name[PIECE_NAME_MOST + 2];
    const struct piece_found found = {NUMBER, 3, 0};
    (void)state;

    for (size_t length = 245; length <= PIECE_NAME_MOST; length++) {
        memset(extension, 'e', length);
        extension[0] = '.';
        extension[length] = '\0';
        const bool fits = length + 6 <= PIECE_NAME_MOST;
        (void)snprintf(name, sizeof(name), "000003%s", fits ? extension : "");
        assert_name(FILE_("lines", extension, 20), &found, name);
        assert_found(FILE_("rows", extension, 20), "3", &found);
        const bool fits_whole = length + 5 <= PIECE_NAME_MOST;
        write_whole(extension, name);
        assert_int_equal(strlen(name), 5 + (fits_whole ? length : 0));
        assert_true(is_whole(extension, name));
    }
}

/* An extension may look like a range; a number with it is none. */
static void test_extensions_with_signs(void **state)
{
    static const char *const extensions[] = {".a-b", ".1-5", ".+3", ".-", ".x+1K"};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(extensions); i++) {
        assert_round_trip(FILE_("lines", extensions[i], 20), FOUND(NUMBER, 7, 0));
        assert_round_trip(FILE_("rows", extensions[i], 20), FOUND(NUMBER, 7, 0));
        assert_found(FILE_("rows", extensions[i], 20), "7-8", FOUND(RANGE, 6, 2));
    }
}

static void test_whole(void **state)
{
    char name[PIECE_NAME_MOST + 1];
    (void)state;

    write_whole(".log", name);
    assert_string_equal(name, "whole.log");
    write_whole("", name);
    assert_string_equal(name, "whole");
    assert_true(is_whole(".log", "whole.log"));
    assert_true(is_whole(".log", "whole"));
    assert_true(is_whole("", "whole"));
    assert_false(is_whole("", "whole.log"));
    assert_false(is_whole(".log", "whole.txt"));
    assert_false(is_whole(".log", "whole."));
    assert_false(is_whole(".log", "Whole"));
    assert_false(is_whole(".log", "whole.log.log"));
    assert_false(is_whole(".log", ""));
}

/* Ranges */

static void test_ranges_of_bytes(void **state)
{
    const struct piece_file *file = FILE_("bytes", ".log", 20);
    (void)state;

    assert_found(file, "0+1", FOUND(RANGE, 0, 1));
    assert_found(file, "4096+100", FOUND(RANGE, 4096, 100));
    assert_found(file, "1M+4k", FOUND(RANGE, M, 4 * K));
    assert_found(file, "0000001m+04K", FOUND(RANGE, M, 4 * K));
    assert_found(file, "3T+" LARGEST_TEXT, FOUND(RANGE, 3 * T, LARGEST)); /* cut at the end */
    assert_found(file, LARGEST_TEXT "+1", FOUND(RANGE, LARGEST, 1));
    assert_found(file, LARGEST_TEXT "+" LARGEST_TEXT, FOUND(RANGE, LARGEST, LARGEST));
    assert_found(file, "-1", FOUND(TAIL, 0, 1));
    assert_found(file, "-4K", FOUND(TAIL, 0, 4 * K));
    assert_found(file, "-" LARGEST_TEXT, FOUND(TAIL, 0, LARGEST));
}

static void test_no_ranges_of_bytes(void **state)
{
    static const char *const names[] = {
        "+",
        "-",
        "0+",
        "+1",
        "0+0",
        "-0",
        "-0K",
        "0+0K",
        "0-1",
        "1-2",
        "5-",
        "--1",
        "-+1",
        "+-1",
        "0++1",
        "0+-1",
        "0+1+1",
        "0+1-1",
        "0+1.log",
        "-1.log",
        "0+1 ",
        " 0+1",
        "0 +1",
        "x+1",
        "0+x",
        "1.5K+1",
        "1KB+1",
        "0x1+1",
        "K+1",
        "1+K",
        "0+9223372036854775808",
        "9223372036854775808+1",
        "8388608T+1",
        "0+18446744073709551617",
        "-9223372036854775808",
        "-18446744073709551617",
        "000000+",
        "0+1\n",
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        assert_none(FILE_("bytes", ".log", 20), names[i]);
        assert_none(FILE_("lines", ".log", 20), names[i]);
    }
    assert_none(FILE_("lines", ".log", 20), "0+1"); /* lines have no ranges at all */
    assert_none(FILE_("lines", ".log", 20), "1-2");
    assert_none(FILE_("lines", ".log", 20), "-1");
}

static void test_extents(void **state)
{
    const struct piece_file *file = FILE_("extents", ".log", 0);
    static const char *const names[] = {"", "5", "-5", "-4K", "5+", "+5", "5+0", "0-5", "5+5.log"};
    (void)state;

    assert_name(file, FOUND(RANGE, 0, 4096), "000000000000000+4096");
    assert_name(file, FOUND(RANGE, 4096, 100), "000000000004096+100");
    assert_name(file, FOUND(RANGE, LARGEST, LARGEST), LARGEST_TEXT "+" LARGEST_TEXT);
    assert_name(file, FOUND(RANGE, 999999999999999, 1), "999999999999999+1");
    assert_name(file, FOUND(RANGE, 1000000000000000, 1), "1000000000000000+1");
    assert_found(file, "4096+100", FOUND(RANGE, 4096, 100));
    assert_found(file, "4K+1M", FOUND(RANGE, 4096, M));
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        assert_none(file, names[i]);
}

/* Counted from 1, both ends included. */
static void test_ranges_of_rows(void **state)
{
    const struct piece_file *file = FILE_("rows", ".log", 20);
    (void)state;

    assert_found(file, "1-1", FOUND(RANGE, 0, 1));
    assert_found(file, "11-20", FOUND(RANGE, 10, 10));
    assert_found(file, "11+10", FOUND(RANGE, 10, 10));
    assert_found(file, "1+1", FOUND(RANGE, 0, 1));
    assert_found(file, "-10", FOUND(TAIL, 0, 10));
    assert_found(file, "1K-2k", FOUND(RANGE, 999, 1001));
    assert_found(file, "1M+1G", FOUND(RANGE, 999999, 1000000000));
    assert_found(file, "-2K", FOUND(TAIL, 0, 2000));
    assert_found(file, "01-02", FOUND(RANGE, 0, 2));
    assert_found(file, "1-" LARGEST_TEXT, FOUND(RANGE, 0, LARGEST));
    assert_found(file, LARGEST_TEXT "-" LARGEST_TEXT, FOUND(RANGE, LARGEST - 1, 1));
    assert_found(file, LARGEST_TEXT "+" LARGEST_TEXT, FOUND(RANGE, LARGEST - 1, LARGEST));
    assert_found(file, "-" LARGEST_TEXT, FOUND(TAIL, 0, LARGEST));
}

static void test_no_ranges_of_rows(void **state)
{
    static const char *const names[] = {
        "0-1",
        "0+1",
        "0-0",
        "1-0",
        "5-4",
        "1+0",
        "-0",
        "1-",
        "1+",
        "+1",
        "-",
        "+",
        "--1",
        "1--2",
        "1-2-3",
        "1+2+3",
        "1+2-3",
        "1-2+3",
        "-1-2",
        "1-2.log",
        "-1.log",
        "1+1.log",
        "1T-2T",
        "1-1T",
        "x-1",
        "1-x",
        "1.5-2",
        "1 - 2",
        "1-2 ",
        "K-1",
        "9223372036854775808-1",
        "1-9223372036854775808",
        "1+9223372036854775808",
        "-9223372036854775808",
        "18446744073709551617-18446744073709551618",
        ("9223372037G-" LARGEST_TEXT),
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(names); i++)
        assert_none(FILE_("rows", ".log", 20), names[i]);
}

/* Random names */

static uint64_t random_number(struct random *random, uint64_t most)
{
    uint64_t number = random_next(random) >> random_between(random, 1, 63);
    return number <= most ? number : random_between(random, 0, most);
}

static void random_extension(struct random *random, char *extension, size_t room)
{
    static const char bytes[] = "abz059+-.KM \n\xff@,";
    size_t length = random_chance(random, 30) ? 0 : random_between(random, 2, room - 1);

    for (size_t i = 0; i < length; i++)
        extension[i] = bytes[random_below(random, sizeof(bytes) - 1)];
    extension[length] = '\0';
    if (length == 0)
        return;
    extension[0] = '.'; /* the last one of the name */
    for (size_t i = 1; i < length; i++)
        extension[i] = extension[i] == '.' ? '_' : extension[i];
}

/* Numbers that are listed are read as what they are, whatever the extension. */
static void test_random_numbers(void **state)
{
    static const char *const views[] = {"bytes", "lines", "rows"};
    char extension[300];
    (void)state;

    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        const uint64_t count = random_number(&random, LARGEST - 1) + 1;
        const struct piece_found found = {NUMBER, random_number(&random, count - 1), 0};
        random_extension(&random, extension, random_chance(&random, 20) ? sizeof(extension) : 12);
        const struct piece_file *file =
            FILE_(views[random_below(&random, LENGTH_OF(views))], extension, count);
        assert_round_trip(file, &found);
        char bare[PIECE_NAME_MOST + 1];
        piece_found_write_short(file->view, &found, bare);
        assert_found(file, bare, &found);
    }
}

/* Listed names are in the order of the file. */
static void test_random_order(void **state)
{
    char before[PIECE_NAME_MOST + 1];
    char after[PIECE_NAME_MOST + 1];
    (void)state;

    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        const uint64_t count = random_number(&random, LARGEST - 2) + 2;
        const uint64_t number = random_number(&random, count - 2);
        const struct piece_file *file = FILE_("lines", ".log", count);
        piece_found_write(file, FOUND(NUMBER, number, 0), before);
        piece_found_write(file, FOUND(NUMBER, number + 1, 0), after);
        assert_true(strcmp(before, after) < 0);
    }
}

static void test_random_ranges(void **state)
{
    char name[64];
    (void)state;

    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        const uint64_t offset = random_number(&random, LARGEST - 1);
        const uint64_t length = random_number(&random, LARGEST - 1) + 1;
        const struct piece_found found = {RANGE, offset, length};
        assert_round_trip(FILE_("extents", ".log", 0), &found);
        (void)snprintf(name, sizeof(name), "%" PRIu64 "+%" PRIu64, offset, length);
        assert_found(FILE_("bytes", "", 5), name, &found);
        (void)snprintf(name, sizeof(name), "%" PRIu64 "+%" PRIu64, offset + 1, length);
        assert_found(FILE_("rows", "", 5), name, &found);
        (void)snprintf(name, sizeof(name), "-%" PRIu64, length);
        assert_found(FILE_("bytes", "", 5), name, FOUND(TAIL, 0, length));
        assert_found(FILE_("rows", "", 5), name, FOUND(TAIL, 0, length));
        if (length > LARGEST - offset)
            continue;
        (void)snprintf(name, sizeof(name), "%" PRIu64 "-%" PRIu64, offset + 1, offset + length);
        assert_found(FILE_("rows", "", 5), name, &found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_other_forms_of_numbers),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_numbers_of_extents),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_long_extensions),
        cmocka_unit_test(test_extensions_with_signs),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_ranges_of_bytes),
        cmocka_unit_test(test_no_ranges_of_bytes),
        cmocka_unit_test(test_extents),
        cmocka_unit_test(test_ranges_of_rows),
        cmocka_unit_test(test_no_ranges_of_rows),
        cmocka_unit_test(test_random_numbers),
        cmocka_unit_test(test_random_order),
        cmocka_unit_test(test_random_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
