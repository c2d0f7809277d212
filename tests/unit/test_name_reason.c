/* SPDX-License-Identifier: MIT */
/* name_reason and nearest_word: which rule a name fails, in words. Each name here is refused. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/nearest_word.h"
#include "core/view/name_reason.h"
#include "core/view/piece_name.h"

static struct patterns patterns;
static const struct view_defaults defaults = {
    .chunk_size = 1 << 20, .rows = 1000, .patterns = &patterns};

static int add_pattern(void **state)
{
    struct record_format *pattern = NULL;
    const char *wrong = NULL;

    (void)state;
    assert_int_equal(pattern_new("entry", "[0-9]{4}-", &pattern, &wrong), 0);
    return patterns_add(&patterns, pattern);
}

static int remove_pattern(void **state)
{
    (void)state;
    patterns_destroy(&patterns);
    return 0;
}

static void assert_reason_of_view(const char *name, const char *wanted)
{
    struct name_reason reason;
    struct view view;

    assert_int_equal(view_parse(name, strlen(name), &defaults, &view), -ENOENT);
    name_reason_of_view(name, strlen(name), &defaults, &reason);
    if (strcmp(reason.text, wanted) != 0)
        fail_msg("%s: %s, not %s", name, reason.text, wanted);
}

#define NOT_WHOLE " is no whole number from 1 that fits: write 16M, or n16 for 16 pieces"
#define THE_VIEWS "the views are bytes, lines, rows, extents, sorted"

static void test_views(void **state)
{
    static const char *const names[][2] = {
        {"linse", "did you mean lines?"},
        {"row@n8", "did you mean rows?"},
        {".git", THE_VIEWS},
        {"desktop.ini", THE_VIEWS},
        {"", THE_VIEWS},
        {"@n8", THE_VIEWS},
        {"whole", "whole is one file and no directory of pieces"},
        {"whole@1", "whole takes no arguments"},
        {"extents@1M", "extents takes no arguments"},
        {"lines@", "an argument is empty"},
        {"lines@1M,", "an argument is empty"},
        {"lines@,header", "an argument is empty"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_reason_of_view(names[i][0], names[i][1]);
}

static void test_sizes(void **state)
{
    static const char *const names[][2] = {
        {"lines@64MB", "write 64M"},
        {"lines@64MiB", "write 64M"},
        {"lines@512B", "write 512"},
        {"lines@header,1gb", "write 1g"},
        {"lines@n16x", "write n16"},
        {"rows@5KB", "write 5K"},
        {"lines@0", "0" NOT_WHOLE},
        {"lines@n0", "n0: N must be a whole number, at least 1"},
        {"lines@1.5G", "1.5G" NOT_WHOLE},
        {"lines@16Q", "16Q" NOT_WHOLE},
        {"rows@1T", "1T" NOT_WHOLE},
        {"lines@99999999T", "99999999T" NOT_WHOLE},
        {"lines@1M,2M", "SIZE is given twice"},
        {"lines@1M,n8", "SIZE is given twice"},
        {"rows@1M,n3", "COUNT is given twice"},
        {"sorted@1M", "sorted takes no SIZE"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_reason_of_view(names[i][0], names[i][1]);
}

static void test_arguments(void **state)
{
    static const char *const names[][2] = {
        {"lines@header=0", "header= takes a number of records from 1"},
        {"lines@header=x", "header= takes a number of records from 1"},
        {"lines@header,header=2", "header is given twice"},
        {"bytes@header", "bytes takes no header"},
        {"rows@from=1G", "rows takes no from="},
        {"lines@from", "from= takes an OFFSET in bytes, such as from=10G"},
        {"lines@from=64MB", "from= takes an OFFSET in bytes, such as from=10G"},
        {"lines@to=-1", "to= takes an OFFSET in bytes, such as to=10G"},
        {"lines@pin=x", "pin= takes the word that the file pin holds"},
        {"lines@to=1,to=2", "to= is given twice"},
        {"bytes@csv", "bytes takes no FORMAT"},
        {"lines@csv,nul", "FORMAT is given twice"},
        {"lines@csv=ab", "csv= takes tab, or one byte other than a comma or a quote"},
        {"rows@entry", "rows needs an index, which this format cannot have"},
        {"lines@hedaer", "there is no argument or format hedaer: did you mean header?"},
        {"lines@fromm=1", "there is no argument or format fromm: did you mean from?"},
        {"lines@entries", "there is no argument or format entries"},
        {"lines@fastb", "there is no argument or format fastb: did you mean fastq?"},
        {"lines@entri", "there is no argument or format entri: did you mean entry?"},
        {"lines@-1", "there is no argument or format -1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_reason_of_view(names[i][0], names[i][1]);
}

/* A reason is cut, and ends. */
static void test_the_longest_name(void **state)
{
    char name[256];
    struct name_reason reason;

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    name_reason_of_view(name, strlen(name), &defaults, &reason);
    assert_true(strlen(reason.text) < sizeof(reason.text));
    memcpy(name, "lines@", 6);
    name_reason_of_view(name, strlen(name), &defaults, &reason);
    assert_non_null(strstr(reason.text, "xxx"));
}

static void assert_reason_of_piece(const char *view_name, const char *name, const char *wanted)
{
    const struct view_file file = {.size = 1000000, .records = 5000};
    struct name_reason reason;
    struct view view;

    assert_int_equal(view_parse(view_name, strlen(view_name), &defaults, &view), 0);
    name_reason_of_piece(&view, ".log", &file, name, &reason);
    if (strcmp(reason.text, wanted) != 0)
        fail_msg("%s/%s: %s, not %s", view_name, name, reason.text, wanted);
}

#define RANGES_OF_BYTES                                                                            \
    "OFFSET+LENGTH or -LENGTH, such as 4096+512 or -64K, where LENGTH is at least 1"
#define RANGES_OF_ROWS "A-B with A up to B, A+COUNT or -COUNT, counted from 1"
#define KEYS "write FROM..TO, or what records begin with; %25 is a percent sign"

static void test_pieces(void **state)
{
    static const char *const names[][3] = {
        {"lines@n16", "16", "pieces are numbered from 0 to 15"},
        {"lines@n16", "99.log", "pieces are numbered from 0 to 15"},
        {"lines@n16", "99999999999999999999", "pieces are numbered from 0 to 15"},
        {"lines@n16", "05", "write 5 or 000005.log"},
        {"lines@n16", "5.txt", "write 5 or 000005.log"},
        {"bytes@n16", "5.log", "write 5 or 000005"},
        {"lines@n16", "x", "write a number, such as 0 or 000000.log"},
        {"lines@n16", "", "write a number, such as 0 or 000000.log"},
        {"lines@from=1000000", "0", "the view has no pieces"},
        {"bytes@n16", "1+", "write " RANGES_OF_BYTES "; or a number, such as 0 or 000000"},
        {"bytes@n16", "5+0", "write " RANGES_OF_BYTES "; or a number, such as 0 or 000000"},
        {"bytes@n16", "2000000+1", "it begins after the end, which is at 1000000"},
        {"bytes@n16,to=500", "501+1", "it begins after the end, which is at 500"},
        {"rows", "0-5", "write " RANGES_OF_ROWS "; or a number, such as 0 or 000000.log"},
        {"rows", "5002+1", "it begins after the end, which is at 5000"},
        {"rows", "5", "pieces are numbered from 0 to 4"},
        {"extents", "0", "write OFFSET+LENGTH as extents.tsv has them"},
        {"extents", "5+5",
         "none begins and ends there: write OFFSET+LENGTH as extents.tsv has them"},
        {"sorted", "50%", KEYS},
        {"sorted", "..", KEYS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_reason_of_piece(names[i][0], names[i][1], names[i][2]);
}

static void test_spans(void **state)
{
    static const char *const names[][2] = {
        {"lines@from=5,to=3", "from= is beyond to="},
        {"lines@to=2000000", "from= or to= is beyond the end, which is at 1000000"},
        {"bytes@from=1G", "from= or to= is beyond the end, which is at 1000000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct name_reason reason;
        struct view view;
        assert_int_equal(view_parse(names[i][0], strlen(names[i][0]), &defaults, &view), 0);
        name_reason_of_span(&view, 1000000, &reason);
        assert_string_equal(reason.text, names[i][1]);
    }
}

static const char *nearest_of(const char *wanted)
{
    struct nearest_word nearest = nearest_word_begin(wanted, strlen(wanted));
    nearest_word_offer(&nearest, "lines");
    nearest_word_offer(&nearest, "bytes");
    nearest_word_offer(&nearest, "nul");
    return nearest.word != NULL ? nearest.word : "";
}

static void test_near_words(void **state)
{
    char longest[100];

    (void)state;
    assert_string_equal(nearest_of("line"), "lines");
    assert_string_equal(nearest_of("Lines"), "lines");
    assert_string_equal(nearest_of("bites"), "bytes");
    assert_string_equal(nearest_of("liness"), "lines");
    assert_string_equal(nearest_of("null"), "nul");
    assert_string_equal(nearest_of("nu"), "nul");
    assert_string_equal(nearest_of("l"), "");
    assert_string_equal(nearest_of(""), "");
    assert_string_equal(nearest_of("trees"), "");
    memset(longest, 'l', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_string_equal(nearest_of(longest), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),      cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_arguments),  cmocka_unit_test(test_the_longest_name),
        cmocka_unit_test(test_pieces),     cmocka_unit_test(test_spans),
        cmocka_unit_test(test_near_words),
    };
    return cmocka_run_group_tests(tests, add_pattern, remove_pattern);
}
