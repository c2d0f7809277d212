/* SPDX-License-Identifier: MIT */
/* fs/generated/tsv_length and fs/tree/text_map: what is known of a table without its text. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/view/bytes_view.h"
#include "fs/generated/tsv.h"
#include "fs/generated/tsv_length.h"
#include "fs/tree/text_map.h"

enum { SIZES = 400, READ_MOST = 300000 };

/* A table of `bytes` of a file without holes, which need not be there. */
static struct view_text table_of(const struct view *view, uint64_t size)
{
    return (struct view_text){
        .type = &tsv_text, .view = view, .file.size = size, .extension = "", .computed = true};
}

static const struct view *view_of(bool by_count, uint64_t value)
{
    static struct view view;
    view = (struct view){.type = &bytes_view, .partition = {by_count, value}};
    return &view;
}

/* Makes all lines and asks for each place that it has. Returns the length. */
static uint64_t make_all(const struct view_text *table, struct text_map *map)
{
    struct text_place place = {0};
    char text[TEXT_LINE_MOST];
    size_t length = 0;

    for (;;) {
        const struct text_place start = place;
        if (view_text_line(table, &place, text, &length) != 0)
            return start.offset;
        assert_int_equal(place.offset, start.offset + length);
        if (map != NULL)
            assert_int_equal(text_map_add(map, &start, text, length), 0);
        for (uint64_t at = start.offset; at<place.offset; at += length> 1 ? length - 1 : 1) {
            struct text_place found = tsv_place_at(table->view, table->file.size, at);
            assert_int_equal(found.offset, start.offset);
            assert_int_equal(found.line, start.line);
            assert_int_equal(found.cursor, start.cursor);
        }
    }
}

static void test_lengths(void **state)
{
    const uint64_t values[] = {1, 2, 3, 7, 9, 10, 11, 99, 100, 101, 1000, 5000};
    (void)state;

    for (uint64_t size = 1; size < SIZES; size += size < 120 ? 1 : 37) {
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            for (int by_count = 0; by_count < 2; by_count++) {
                const struct view *view = view_of(by_count != 0, values[i]);
                const struct view_text table = table_of(view, size);
                assert_int_equal(make_all(&table, NULL), tsv_length(view, size));
            }
        }
    }
}

/* The largest file there can be, in pieces of a TiB: nothing wraps, and nothing takes long. */
static void test_largest(void **state)
{
    const uint64_t size = INT64_MAX;
    (void)state;

    const struct view *view = view_of(false, 1ULL << 40);
    uint64_t count = partition_count(&view->partition, size);
    struct text_place last = tsv_place_at(view, size, tsv_length(view, size) - 1);
    assert_int_equal(last.line, count);
    assert_int_equal(last.cursor, count - 1);
}

/* As many pieces as a name can ask for: no length wraps. */
static void test_too_long(void **state)
{
    (void)state;

    assert_int_equal(tsv_length(view_of(true, INT64_MAX), 1000), TEXT_TOO_LONG);
    assert_int_equal(tsv_length(view_of(false, 1), INT64_MAX), TEXT_TOO_LONG);
    uint64_t length = 0;
    for (uint64_t count = 1; count < INT64_MAX / 2; count *= 2) {
        uint64_t next = tsv_length(view_of(true, count), 1000);
        assert_true(next > length || (next == length && next == TEXT_TOO_LONG));
        assert_true(next <= INT64_MAX || next == TEXT_TOO_LONG);
        length = next;
    }
    assert_int_equal(length, TEXT_TOO_LONG);
}

/* A map of a long table: every part of it is made again; another table is found out. */
static void test_map(void **state)
{
    const struct view *view = view_of(false, 3);
    const struct view_text table = table_of(view, 30000);
    const struct view_text other = table_of(view, 29999);
    struct text_map map;
    char *text = malloc(READ_MOST);
    char *part = malloc(READ_MOST);
    size_t got = 0;
    (void)state;

    assert_non_null(text);
    assert_non_null(part);
    text_map_init(&map);
    map.stretch_size = 4096;
    uint64_t length = make_all(&table, &map);
    assert_int_equal(length, map.length);
    assert_true(map.count > 20);
    assert_int_equal(text_map_read(&map, &table, 0, text, READ_MOST, &got), 0);
    assert_int_equal(got, map.length);
    for (uint64_t at = 0; at < map.length + 5000; at += 1777) {
        assert_int_equal(text_map_read(&map, &table, at, part, 10000, &got), 0);
        uint64_t left = at < map.length ? map.length - at : 0;
        assert_int_equal(got, left < 10000 ? left : 10000);
        assert_memory_equal(part, text + (left > 0 ? at : 0), got);
    }
    assert_int_equal(text_map_read(&map, &other, 0, part, READ_MOST, &got), -ESTALE);
    text_map_destroy(&map);
    free(part);
    free(text);
}

/* However long the table, its map is bounded, and it is still the same text. */
static void test_map_is_bounded(void **state)
{
    const struct view *view = view_of(false, 1);
    const struct view_text table = table_of(view, 40000);
    struct text_map map;
    char part[1000];
    size_t got = 0;
    (void)state;

    text_map_init(&map);
    map.stretch_size = 1;
    uint64_t length = make_all(&table, &map);
    assert_true(map.count <= 4096);
    assert_int_equal(map.length, length);
    for (uint64_t at = 0; at < length; at += 12345) {
        assert_int_equal(text_map_read(&map, &table, at, part, sizeof(part), &got), 0);
        struct text_place place = tsv_place_at(view, 40000, at);
        char line[TEXT_LINE_MOST];
        size_t line_length = 0;
        uint64_t start = place.offset;
        assert_int_equal(view_text_line(&table, &place, line, &line_length), 0);
        size_t skipped = (size_t)(at - start);
        size_t known = line_length - skipped < got ? line_length - skipped : got;
        assert_memory_equal(part, line + skipped, known);
    }
    text_map_destroy(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_too_long),       cmocka_unit_test(test_map),
        cmocka_unit_test(test_map_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
