/* SPDX-License-Identifier: MIT */
/* core/view/view: views by name. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/outcome.h"
#include "core/view/view_types.h"
#include "tests/unit/view_said.h"

#define K 1024ull
#define M (1024 * K)
#define T (1024 * M * K)
#define LARGEST INT64_MAX

static struct view view_of(const char *name)
{
    struct view view;
    assert_int_equal(view_said_parse(name, strlen(name), &view), 0);
    return view;
}

/* How many pieces a file of this size has. Views of rows need an index for that. */
static uint64_t count(const char *name, uint64_t size)
{
    const struct view view = view_of(name);
    const struct view_file file = {.size = size};
    return view_count(&view, &file);
}

/* Names */

static void assert_said(const char *name, const struct view_said *wanted)
{
    struct view_said said = {.kind = ""};
    if (view_said_read(name, strlen(name), &said) != 0)
        fail_msg("%s is no view", name);
    assert_string_equal(said.kind, wanted->kind);
    assert_int_equal(said.size, wanted->size);
    assert_int_equal(said.rows, wanted->rows);
    assert_int_equal(said.header, wanted->header);
    assert_true(view_said_same(&said, wanted));
}

static void test_bytes_and_lines(void **state)
{
    static const char *const kinds[] = {"bytes", "lines"};
    static const struct {
        const char *argument;
        bool by_count;
        uint64_t size;
    } arguments[] = {
        {"1", false, 1},
        {"64K", false, 64 * K},
        {"64k", false, 64 * K},
        {"16M", false, 16 * M},
        {"2g", false, 2048 * M},
        {"3T", false, 3 * T},
        {"007", false, 7},
        {"9223372036854775807", false, LARGEST},
        {"8388607T", false, 8388607 * T},
        {"n1", true, 1},
        {"n16", true, 16},
        {"n016", true, 16},
        {"n9223372036854775807", true, LARGEST},
    };
    char name[64];
    (void)state;

    for (size_t k = 0; k < LENGTH_OF(kinds); k++)
        for (size_t i = 0; i < LENGTH_OF(arguments); i++) {
            (void)snprintf(name, sizeof(name), "%s@%s", kinds[k], arguments[i].argument);
            assert_said(name, &(struct view_said){kinds[k], arguments[i].by_count,
                                                  .size = arguments[i].size});
        }
}

static void test_rows(void **state)
{
    (void)state;
    assert_said("rows@1", &(struct view_said){"rows", .rows = 1});
    assert_said("rows@5000", &(struct view_said){"rows", .rows = 5000});
    assert_said("rows@1k", &(struct view_said){"rows", .rows = 1000});
    assert_said("rows@2M", &(struct view_said){"rows", .rows = 2000000});
    assert_said("rows@3G", &(struct view_said){"rows", .rows = 3000000000});
    assert_said("rows@9223372036854775807", &(struct view_said){"rows", .rows = LARGEST});
}

/* What of the content a view is of, and of which content. */

#define DIGEST "0123456789abcdeffedcba9876543210"

static void test_spans_and_pins(void **state)
{
    const struct content_word pin = {71, 0x0123456789abcdef, 0xfedcba9876543210};
    (void)state;

    assert_said("bytes@16M,from=1K", &(struct view_said){"bytes", .size = 16 * M, .from = K});
    assert_said("bytes@from=0", &(struct view_said){"bytes", .size = CHUNK_SIZE_OPEN});
    assert_said("lines@to=0,n3", &(struct view_said){"lines", true, 3, .has_to = true});
    assert_said("lines@header=2,from=10G,to=20g,n8",
                &(struct view_said){"lines", true, 8, .header = 2, .from = 10 * K * M,
                                    .has_to = true, .to = 20 * K * M});
    assert_said(
        "lines@to=9223372036854775807",
        &(struct view_said){"lines", .size = CHUNK_SIZE_OPEN, .has_to = true, .to = LARGEST});
    assert_said("rows@pin=71-" DIGEST ",5", &(struct view_said){"rows", .rows = 5, .pin = pin});
    assert_said("rows@n5,header", &(struct view_said){"rows", true, .rows = 5, .header = 1});
    assert_said("bytes@to=70,pin=71-" DIGEST,
                &(struct view_said){"bytes", .size = CHUNK_SIZE_OPEN, .has_to = true, .to = 70,
                                    .pin = pin});
}

/*
 * Arguments stand in any order; what a name with arguments leaves open does not depend on --header.
 */
static void test_headers(void **state)
{
    (void)state;
    assert_said("lines@header",
                &(struct view_said){"lines", false, .size = CHUNK_SIZE_OPEN, .header = 1});
    assert_said("lines@header=2",
                &(struct view_said){"lines", false, .size = CHUNK_SIZE_OPEN, .header = 2});
    assert_said("lines@16M,header",
                &(struct view_said){"lines", false, .size = 16 * M, .header = 1});
    assert_said("lines@header=9,n4", &(struct view_said){"lines", true, .size = 4, .header = 9});
    assert_said("lines@n4,header=9223372036854775807",
                &(struct view_said){"lines", true, .size = 4, .header = LARGEST});
    assert_said("lines@n4", &(struct view_said){"lines", true, .size = 4, .header = 0});
    assert_said("rows@header=2", &(struct view_said){"rows", .rows = ROWS_OPEN, .header = 2});
    assert_said("rows@100,header", &(struct view_said){"rows", .rows = 100, .header = 1});
    assert_said("rows@header=003,1K", &(struct view_said){"rows", .rows = 1000, .header = 3});
    assert_said("sorted@header", &(struct view_said){"sorted", .header = 1});
    assert_said("sorted@header=20", &(struct view_said){"sorted", .header = 20});
}

static void test_defaults(void **state)
{
    (void)state;
    assert_said("bytes", &(struct view_said){"bytes", false, .size = CHUNK_SIZE_OPEN,
                                             .header = 0}); /* a header makes no sense */
    assert_said("lines", &(struct view_said){"lines", false, .size = CHUNK_SIZE_OPEN,
                                             .header = HEADER_OPEN});
    assert_said("rows", &(struct view_said){"rows", .rows = ROWS_OPEN, .header = HEADER_OPEN});
    assert_said("extents", &(struct view_said){.kind = "extents"});
    assert_said("sorted", &(struct view_said){.kind = "sorted", .header = HEADER_OPEN});
}

static void test_no_views(void **state)
{
    static const char *const names[] = {
        "",
        "@",
        "byte",
        "bytess",
        "Bytes",
        "BYTES",
        " bytes",
        "bytes ",
        "bytes.tsv",
        "line",
        "row",
        "extent",
        "whole",
        "whole.log",
        "whole@1",
        "@16M",
        "n4",
        /* arguments of nothing */
        "bytes@",
        "lines@",
        "rows@",
        "extents@",
        "sorted@",
        "sorted@,",
        "sorted@16M",
        "sorted@n4",
        "sorted@5",
        "extents@16M",
        "bytes@,",
        "bytes@16M,",
        "bytes@,16M",
        "lines@,",
        "lines@n4,,header",
        "lines@header,",
        "rows@,5",
        /* numbers that are none, or out of range */
        "bytes@0",
        "bytes@0K",
        "bytes@n0",
        "bytes@n",
        "bytes@N4",
        "bytes@n-1",
        "bytes@-1",
        "bytes@n4K",
        "bytes@1.5M",
        "bytes@1MB",
        "bytes@1 M",
        "bytes@ 1M",
        "bytes@1M ",
        "bytes@+1",
        "bytes@0x10",
        "bytes@K",
        "bytes@9223372036854775808",
        "bytes@8388608T",
        "bytes@18446744073709551617",
        "bytes@n9223372036854775808",
        "lines@0",
        "rows@0",
        "rows@-1",
        "rows@1T",
        "rows@1.5K",
        "rows@9223372036854775808",
        "rows@9223372037G",
        /* too often, or of another view */
        "bytes@1,2",
        "bytes@1,n2",
        "bytes@n1,n1",
        "lines@1M,1M",
        "rows@1,1",
        "bytes@header",
        "bytes@16M,header=1",
        "extents@1",
        "extents@header",
        "lines@header,header",
        "lines@header=1,header=2",
        "rows@header,5,header",
        /* headers */
        "lines@header=",
        "lines@header=0",
        "lines@header=-1",
        "lines@header=1K",
        "lines@header=x",
        "lines@header 1",
        "lines@headers",
        "lines@head",
        "lines@Header",
        "lines@header=1=1",
        "lines@header=9223372036854775808",
        "lines@nheader",
        "lines@header:1",
        /* offsets */
        "bytes@from=",
        "bytes@from",
        "bytes@from=-1",
        "bytes@from=1P",
        "bytes@from=n1",
        "bytes@from=1,from=1",
        "bytes@to=",
        "bytes@to=1,to=2",
        "bytes@To=1",
        "bytes@to=9223372036854775808",
        "lines@from:1",
        "rows@from=1",
        "rows@to=1",
        "rows@n0",
        "rows@n5,5",
        "rows@n1K",
        "extents@from=1",
        "extents@pin=71-" DIGEST,
        /* words */
        "bytes@pin",
        "bytes@pin=",
        "bytes@pin=71",
        "bytes@pin=71-",
        "bytes@pin=-" DIGEST,
        "bytes@pin=0-" DIGEST,
        "bytes@pin=071-" DIGEST,
        "bytes@pin=7K-" DIGEST,
        "bytes@pin=+71-" DIGEST,
        "bytes@pin=9223372036854775808-" DIGEST,
        "bytes@pin=71-0" DIGEST,
        "bytes@pin=71-0123456789abcdeffedcba987654321",
        "bytes@pin=71-0123456789abcdeffedcba987654321g",
        "bytes@pin=71-0123456789ABCDEFFEDCBA9876543210",
        "bytes@pin=71-" DIGEST ",pin=71-" DIGEST,
        /* more than one name */
        "bytes@1@2",
        "bytes@@1",
        "bytes/0",
        "bytes@16M/0",
        "bytes,lines",
        "bytes\n",
        "bytes@1\n",
    };
    struct view_said said;
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(names); i++)
        if (view_said_read(names[i], strlen(names[i]), &said) != -ENOENT)
            fail_msg("\"%s\" is a view", names[i]);
    assert_int_equal(view_said_read("bytes\0", 6, &said), -ENOENT);
    assert_int_equal(view_said_read("bytes@1\0", 8, &said), -ENOENT);
    assert_int_equal(view_said_read("bytes\0@1", 8, &said), -ENOENT);
    assert_int_equal(view_said_read("lines@header\0", 13, &said), -ENOENT);
}

/* A number of any length, from 1. */
static uint64_t random_number(struct random *random)
{
    uint64_t number = random_next(random) >> random_between(random, 1, 63);
    return number > 0 ? number : 1;
}

static const struct record_format *random_format(struct random *random)
{
    static const char *const names[] = {"nul",   "fastq",   "fasta", "csv",
                                        "csv=;", "csv=tab", "csv=@"};
    const char *name = names[random_below(random, LENGTH_OF(names))];
    return record_format_named(name, strlen(name));
}

static struct view_said random_view(struct random *random)
{
    static const char *const kinds[] = {"bytes", "lines", "rows", "sorted"};
    struct view_said said = {.kind = kinds[random_below(random, LENGTH_OF(kinds))]};
    const bool is_sorted = strcmp(said.kind, "sorted") == 0;

    if (strcmp(said.kind, "bytes") != 0 && random_chance(random, 40))
        said.format = random_format(random);
    if (is_sorted) {
        said.header = random_number(random);
        return said;
    }
    const bool of_rows = strcmp(said.kind, "rows") == 0;
    *(of_rows ? &said.rows : &said.size) = random_number(random);
    said.by_count = random_chance(random, 50);
    if (strcmp(said.kind, "bytes") != 0 && random_chance(random, 50))
        said.header = random_number(random);
    if (!of_rows && random_chance(random, 30))
        said.from = random_number(random);
    said.has_to = !of_rows && random_chance(random, 30);
    if (said.has_to)
        said.to = random_number(random);
    if (random_chance(random, 30))
        said.pin =
            (struct content_word){random_number(random), random_next(random), random_next(random)};
    return said;
}

static void test_random_views(void **state)
{
    char name[VIEW_NAME_MOST + 1];
    (void)state;

    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        const struct view_said said = random_view(&random);
        view_said_write(&said, random_chance(&random, 50), name);
        assert_said(name, &said);
    }
}

/* A few bytes of a name changed: it is no view, or one that has another name. */
static void test_random_damage(void **state)
{
    static const char bytes[] = "bytesline@,=n0123456789KMGTheadr./ \n\xff";
    char name[VIEW_NAME_MOST + 1];
    char again[VIEW_NAME_MOST + 1];
    struct view_said said;
    unsigned read = 0;
    (void)state;

    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        said = random_view(&random);
        view_said_write(&said, false, name);
        for (uint64_t k = random_between(&random, 1, 3); k > 0; k--)
            name[random_below(&random, strlen(name))] =
                bytes[random_below(&random, sizeof(bytes) - 1)];
        if (view_said_read(name, strlen(name), &said) != 0)
            continue;
        read++;
        view_said_write(&said, false, again);
        assert_said(again, &said);
    }
    assert_true(read > 1000);
}

/* What a view is like */

static void test_what_views_are(void **state)
{
    static const struct {
        const char *name;
        bool has_records;
        bool needs_index;
        bool is_numbered;
    } views[] = {
        {"bytes@1", false, false, true},     {"lines", true, false, true},
        {"rows@5,header", true, true, true}, {"extents", false, false, false},
        {"sorted", true, false, false},
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(views); i++) {
        const struct view view = view_of(views[i].name);
        assert_int_equal(view.type->has_records, views[i].has_records);
        assert_int_equal(view.type->needs_index, views[i].needs_index);
        assert_int_equal(view_is_numbered(&view), views[i].is_numbered);
    }
}

static void test_type_names(void **state)
{
    static const char *const names[] = {"bytes", "lines", "rows", "extents", "sorted", "whole"};
    static const char *const no_names[] = {"", "b", "byte", "bytes@1", "Rows", "kinds"};
    (void)state;

    assert_null(view_types[LENGTH_OF(names)]);
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        assert_string_equal(view_types[view_type_named(names[i], strlen(names[i]))]->name,
                            names[i]);
    for (size_t i = 0; i < LENGTH_OF(no_names); i++)
        assert_int_equal(view_type_named(no_names[i], strlen(no_names[i])), LENGTH_OF(names));
    assert_int_equal(view_type_named("bytes@1", 5), view_type_named("bytes", 5));
}

static void test_counts(void **state)
{
    static const char *const kinds[] = {"bytes", "lines"};
    char name[64];
    (void)state;

    for (size_t k = 0; k < LENGTH_OF(kinds); k++) {
        const struct {
            const char *argument;
            uint64_t size;
            uint64_t pieces;
        } cases[] = {
            {"10", 0, 0},
            {"10", 1, 1},
            {"10", 10, 1},
            {"10", 11, 2},
            {"1", 100, 100},
            {"1", LARGEST, LARGEST},
            {"2", LARGEST, LARGEST / 2 + 1},
            {"1T", 3 * T + 1, 4},
            {"n4", 100, 4},
            {"n4", 3, 4},
            {"n4", 0, 4},
            {"n9223372036854775807", 1, LARGEST},
        };
        for (size_t i = 0; i < LENGTH_OF(cases); i++) {
            (void)snprintf(name, sizeof(name), "%s@%s", kinds[k], cases[i].argument);
            assert_int_equal(count(name, cases[i].size), cases[i].pieces);
        }
    }
    assert_int_equal(count("extents", 100), 0);
    assert_int_equal(count("sorted", 100), 0);
}

/* All numbers, in order; near the last one too. */
static void test_steps(void **state)
{
    const struct view view = view_of("bytes@1");
    const struct view_file file = {.size = LARGEST};
    uint64_t cursor = 0;
    struct selector selector;
    (void)state;

    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(view_next(&view, &file, &cursor, &selector), 0);
        assert_int_equal(selector.kind, SELECT_NUMBER);
        assert_int_equal(selector.offset, i);
    }
    const struct view by_key = view_of("sorted");
    uint64_t start = 0;
    assert_int_equal(view_next(&by_key, &file, &start, &selector), -NO_MORE_PIECES);
    cursor = LARGEST - 1;
    assert_int_equal(view_next(&view, &file, &cursor, &selector), 0);
    assert_int_equal(selector.offset, LARGEST - 1);
    assert_int_equal(view_next(&view, &file, &cursor, &selector), -NO_MORE_PIECES);
    assert_int_equal(view_next(&view, &file, &cursor, &selector), -NO_MORE_PIECES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_and_lines), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_spans_and_pins),  cmocka_unit_test(test_headers),
        cmocka_unit_test(test_defaults),        cmocka_unit_test(test_no_views),
        cmocka_unit_test(test_random_views),    cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_what_views_are),  cmocka_unit_test(test_type_names),
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
