/* SPDX-License-Identifier: MIT */
/*
 * Where the records of patterns start in a file: boundaries, headers and keys, against models. What
 * is found must not depend on what was asked before, nor on how the file came to its size.
 */
#include "tests/unit/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/file/fault_guard.h"
#include "core/format/lines.h"
#include "core/record/boundary.h"
#include "core/record/end_scan.h"
#include "core/record/key_search.h"
#include "core/view/view.h"
#include "tests/unit/pattern_model.h"

enum {
    KIB = 1024,
    MOST = 600 * KIB,
    CASES = 48,
    QUERIES = 40,
    GROWTHS = 3,
};

struct content {
    const struct pattern_model *model;
    struct record_format *format; /* owned */
    uint8_t *bytes;               /* owned */
    uint64_t size;
    struct reading reading;
};

/* --- contents --------------------------------------------------------------------------------- */

static void fill_holes(struct random *random, uint8_t *bytes, uint64_t size)
{
    for (unsigned i = 0; i < 3; i++) {
        uint64_t start = random_below(random, size) / (4 * KIB) * (4 * KIB);
        uint64_t length = random_below(random, 40) * (4 * KIB);
        memset(bytes + start, 0, min_u64(length, size - start));
    }
}

static struct content content_make(struct world *world, struct random *random, uint64_t index)
{
    struct content content = {
        .model = &pattern_models[index % LENGTH_OF(pattern_models)],
        .bytes = malloc(2 * MOST),
        .size = random_between(random, 1, index % 2 == 0 ? 3000 : MOST),
    };

    assert_non_null(content.bytes);
    content.format = model_pattern(content.model);
    model_fill(random, content.bytes, 2 * MOST);
    if (random_chance(random, 50))
        fill_holes(random, content.bytes, content.size);
    scratch_write_sparse(&world->scratch, "content", content.bytes, content.size);
    content.reading = reading_world_pin(world, "content");
    return content;
}

static void content_grow(struct world *world, struct random *random, struct content *content)
{
    const uint64_t old = content->size;
    content->size += random_between(random, 1, random_chance(random, 50) ? 50 : 100 * KIB);
    scratch_append(&world->scratch, "content", content->bytes + old, content->size - old);
    struct reading again = reading_again(&content->reading);
    reading_close(&content->reading);
    content->reading = again;
}

static void content_free(struct content *content)
{
    reading_close(&content->reading);
    pattern_free(content->format);
    free(content->bytes);
}

/* --- boundaries and headers ------------------------------------------------------------------- */

static uint64_t model_after(const struct content *content, uint64_t size, uint64_t records)
{
    uint64_t place = 0;
    for (; records > 0 && place < size; records--)
        place = model_boundary(content->model, content->bytes, size, place + 1);
    return place;
}

/* Near a line start, or anywhere. */
static uint64_t random_place(struct random *random, const struct content *content, uint64_t size)
{
    uint64_t place = random_below(random, size + 1);
    const uint8_t *newline = memchr(content->bytes + place, '\n', size - place);
    if (newline != NULL && random_chance(random, 60))
        place = (uint64_t)(newline - content->bytes) + random_below(random, 3);
    return min_u64(place, size);
}

/* Also of the first part of the file, which is cut inside a line. */
static void check_content(const struct content *content, struct random *random)
{
    for (unsigned i = 0; i < QUERIES; i++) {
        struct reading part = content->reading;
        if (random_chance(random, 50))
            part.size = random_between(random, 1, content->size);
        uint64_t places[] = {random_place(random, content, part.size),
                             random_place(random, content, part.size)};
        uint64_t start = min_u64(places[0], places[1]);
        uint64_t end = max_u64(places[0], places[1]);
        const uint64_t wanted[] = {model_boundary(content->model, content->bytes, part.size, start),
                                   model_boundary(content->model, content->bytes, part.size, end)};
        assert_int_equal(boundary_find_both(&part, content->format, &start, &end), 0);
        assert_int_equal(start, wanted[0]);
        assert_int_equal(end, wanted[1]);
        const uint64_t count = random_below(random, 3);
        part.size = random_chance(random, 30) ? content->size : part.size;
        assert_int_equal(boundary_after_records(&part, content->format, count, &start), 0);
        assert_int_equal(start, model_after(content, part.size, count));
    }
}

static void test_boundaries(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        struct content content = content_make(*state, &random, i);
        check_content(&content, &random);
        for (unsigned k = 0; k < GROWTHS; k++) {
            content_grow(*state, &random, &content);
            check_content(&content, &random);
        }
        content_free(&content);
    }
}

/* Where the content ends decides: what follows from that is of no use with another end. */
static void test_cut_line(void **state)
{
    struct world *world = *state;
    static const char text[] = "a\nxxy\nb\nx\n";
    struct record_format *format = model_pattern(&pattern_models[3]); /* x*$ */
    uint64_t boundary = 0;

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "content", text, strlen(text));
    struct reading whole = reading_world_pin(world, "content");
    for (unsigned i = 0; i < 6; i++) {
        struct reading part = whole;
        part.size = i % 2 == 0 ? 4 : whole.size;
        assert_int_equal(boundary_after_records(&part, format, 1, &boundary), 0);
        assert_int_equal(boundary, i % 2 == 0 ? 2 : 8);
        assert_int_equal(boundary_find(&part, format, 1, &boundary), 0);
        assert_int_equal(boundary, i % 2 == 0 ? 2 : 8);
    }
    reading_close(&whole);
    pattern_free(format);
}

/* Lines at the limit of what is looked at: `$` matches in the first two, and not in the third. */
static void test_lines_at_the_limit(void **state)
{
    struct world *world = *state;
    struct record_format *format = model_pattern(&pattern_models[3]); /* x*$ */
    uint8_t *bytes = malloc(4 * PATTERN_LINE);

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t length = PATTERN_LINE - 1; length <= PATTERN_LINE + 2; length++) {
        const uint64_t start = 3000;
        memset(bytes, 'y', 4 * PATTERN_LINE);
        memset(bytes + start, 'x', length);
        bytes[start - 1] = bytes[start + length] = '\n';
        for (unsigned ends = 0; ends < 2; ends++) {
            const uint64_t size = ends == 1 ? start + length : 4 * PATTERN_LINE;
            uint64_t boundary = 0;
            scratch_write(&world->scratch, "lines", bytes, size);
            struct reading reading = reading_world_pin(world, "lines");
            assert_int_equal(boundary_find(&reading, format, 1, &boundary), 0);
            assert_int_equal(boundary, length <= PATTERN_LINE ? start : size);
            reading_close(&reading);
        }
    }
    free(bytes);
    pattern_free(format);
}

/* A line that starts with the first byte of a hole. */
static void test_line_in_hole(void **state)
{
    struct world *world = *state;
    struct record_format *format = model_pattern(&pattern_models[2]); /* not indented */
    uint8_t bytes[4096];
    uint64_t boundary = 0;

    assert_int_equal(fault_guard_install(), 0);
    memset(bytes, ' ', sizeof(bytes));
    bytes[sizeof(bytes) - 1] = '\n';
    scratch_write(&world->scratch, "hole", bytes, sizeof(bytes));
    scratch_truncate(&world->scratch, "hole", UINT64_C(1) << 40);
    struct reading reading = reading_world_pin(world, "hole");
    assert_int_equal(boundary_find(&reading, format, sizeof(bytes), &boundary), 0);
    assert_int_equal(boundary, sizeof(bytes));
    assert_int_equal(boundary_find(&reading, format, sizeof(bytes) + 1, &boundary), 0);
    assert_int_equal(boundary, reading.size);
    reading_close(&reading);
    pattern_free(format);
}

/* A heading with a hole of a TiB in it is found without reading the hole. */
static void test_header_over_hole(void **state)
{
    struct world *world = *state;
    static const char text[] = "12-a\n13-b\n";
    static const char end[] = "\n14-c\n";
    const uint64_t far = UINT64_C(1) << 40;
    struct record_format *format = model_pattern(&pattern_models[0]);
    uint64_t boundary = 0;

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "hole", text, strlen(text));
    scratch_overwrite(&world->scratch, "hole", end, strlen(end), far);
    struct reading reading = reading_world_pin(world, "hole");
    const uint64_t wanted[] = {0, 5, far + 1, reading.size, reading.size};
    for (uint64_t count = 0; count < LENGTH_OF(wanted); count++) {
        assert_int_equal(boundary_after_records(&reading, format, count, &boundary), 0);
        assert_int_equal(boundary, wanted[count]);
    }
    assert_in_range(atomic_load(&world->pool.bytes_scanned), 1, 1024 * KIB);
    reading_close(&reading);
    pattern_free(format);
}

/* A start that was found before the file was rewritten and grew is not believed. */
static void test_rewritten_start(void **state)
{
    struct world *world = *state;
    struct record_format *format = model_pattern(&pattern_models[0]);
    uint8_t *bytes = malloc(MOST);
    uint64_t boundary = 0;

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    memset(bytes, 'y', MOST);
    for (uint64_t i = 1000; i + 4 < MOST; i += 1000)
        memcpy(bytes + i, "\n12-", 4);
    scratch_write(&world->scratch, "content", bytes, MOST);
    struct reading reading = reading_world_pin(world, "content");
    assert_int_equal(boundary_find(&reading, format, 199500, &boundary), 0);
    assert_int_equal(boundary, 200001);
    scratch_overwrite(&world->scratch, "content", "XX", 2, 200001);
    scratch_append(&world->scratch, "content", "more", 4);
    struct reading again = reading_again(&reading);
    assert_ptr_equal(again.generation, reading.generation); /* no sample is of the changed block */
    assert_int_equal(boundary_find(&again, format, 199500, &boundary), 0);
    assert_int_equal(boundary, 201001);
    reading_close(&again);
    reading_close(&reading);
    free(bytes);
    pattern_free(format);
}

/* A piece that ends near the end of the file may be another once the file has grown. */
static void test_near_the_end(void **state)
{
    struct world *world = *state;
    struct patterns patterns = {.count = 0};
    const struct view_defaults defaults = {.patterns = &patterns};
    const char name[] = "lines@64K,entry";
    const uint64_t size = 4 * PATTERN_LINE;
    uint8_t *bytes = malloc(size);
    struct view view;

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    assert_int_equal(patterns_add(&patterns, model_pattern(&pattern_models[0])), 0);
    assert_int_equal(view_parse(name, strlen(name), &defaults, &view), 0);
    for (uint64_t i = 0; i < size; i += 4)
        memcpy(bytes + i, "12-\n", 4);
    scratch_write(&world->scratch, "lines", bytes, size);
    struct reading reading = reading_world_pin(world, "lines");
    const struct view_file file = {.reading = &reading, .size = size};
    for (uint64_t number = 0; number < 4; number++) {
        const struct selector selector = {.kind = SELECT_NUMBER, .offset = number};
        struct piece piece;
        struct piece_data data;
        assert_int_equal(view_resolve(&view, &selector, &file, &piece, &data), 0);
        assert_int_equal(data.bytes.length, PATTERN_LINE);
        assert_int_equal(view_depends_on_growth(&view, &file, &data), number >= 2);
    }
    reading_close(&reading);
    patterns_destroy(&patterns);
    free(bytes);
}

/* --- keys ------------------------------------------------------------------------------------- */

enum { ENTRIES = 400, KEYS = 200, ENTRY_MOST = 64 };

/* Entries in order, of one to three lines. Returns their size; starts[ENTRIES] is it too. */
static uint64_t write_entries(struct random *random, char *text, uint64_t *starts)
{
    uint64_t size = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        starts[i] = size;
        size += (uint64_t)sprintf(text + size, "%02u-%02u\n", i / 40 + 10, i % 40 / 2);
        for (uint64_t lines = random_below(random, 3); lines > 0; lines--)
            size += (uint64_t)sprintf(text + size, "at %u\n", (unsigned)random_below(random, 9));
    }
    starts[ENTRIES] = size;
    return size;
}

static struct sort_key random_key(struct random *random, const char *text, const uint64_t *starts)
{
    const uint64_t entry = random_below(random, ENTRIES);
    struct sort_key key = {.length = random_below(random, starts[entry + 1] - starts[entry] + 3)};

    key.length = min_u64(key.length, starts[ENTRIES] - starts[entry]);
    memcpy(key.bytes, text + starts[entry], key.length);
    if (key.length > 0 && random_chance(random, 30))
        key.bytes[key.length - 1]++;
    return key;
}

/* The first entry that is not below the key, looked for from the start. */
static uint64_t model_find(const char *text, const uint64_t *starts, const struct sort_key *key)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        const size_t length = starts[i + 1] - starts[i];
        int order = memcmp(text + starts[i], key->bytes, min_u64(length, key->length));
        if (order > 0 || (order == 0 && length >= key->length))
            return starts[i];
    }
    return starts[ENTRIES];
}

static void test_keys(void **state)
{
    struct world *world = *state;
    static char text[ENTRIES * ENTRY_MOST];
    static uint64_t starts[ENTRIES + 1];
    struct random random = random_case(5000);
    struct record_format *format = model_pattern(&pattern_models[0]);

    assert_int_equal(fault_guard_install(), 0);
    const uint64_t size = write_entries(&random, text, starts);
    /* Equal entries may differ in the lines after them. They are in order as far as is compared. */
    scratch_write(&world->scratch, "entries", text, size);
    struct reading reading = reading_world_pin(world, "entries");
    for (unsigned i = 0; i < KEYS; i++) {
        struct sort_key key = random_key(&random, text, starts);
        const uint8_t *newline = memchr(key.bytes, '\n', key.length);
        if (newline != NULL) /* entries are in order by their first line alone */
            key.length = (size_t)(newline - key.bytes) + 1;
        const struct key_limits limits = {&key, NULL};
        uint64_t start = 0;
        uint64_t end = 0;
        assert_int_equal(key_search(&reading, format, NULL, 0, &limits, &start, &end), 0);
        assert_int_equal(start, model_find(text, starts, &key));
        assert_int_equal(end, size);
    }
    reading_close(&reading);
    pattern_free(format);
}

/* An entry is shorter than the key: the next entry does not belong to what is compared. */
static void test_short_entry(void **state)
{
    struct world *world = *state;
    static const char text[] = "10-\n11-\n";
    const struct sort_key key = {.length = 6, .bytes = "10-\n10"};
    const struct key_limits limits = {&key, NULL};
    struct record_format *format = model_pattern(&pattern_models[0]);
    uint64_t start = 0;
    uint64_t end = 0;

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "entries", text, strlen(text));
    struct reading reading = reading_world_pin(world, "entries");
    assert_int_equal(key_search(&reading, format, NULL, 0, &limits, &start, &end), 0);
    assert_int_equal(start, 4);
    reading_close(&reading);
    pattern_free(format);
}

/* --- how much is read ------------------------------------------------------------------------- */

enum { RECORD = 64 * KIB, RECORDS = 12, RECORDS_SIZE = RECORDS * RECORD };

static uint64_t bytes_seen;

static size_t see_line_end(const struct record_format *format, const uint8_t *bytes, size_t length,
                           uint8_t *state, uint64_t nth)
{
    bytes_seen += length;
    return lines_format.find_end(format, bytes, length, state, nth);
}

/* A record of up to 64 KiB is found by reading that much, to the end of its page. */
static void test_read_no_further(void **state)
{
    struct world *world = *state;
    struct record_format format = lines_format;
    uint8_t *bytes = malloc(RECORDS_SIZE);

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    memset(bytes, 'x', RECORDS_SIZE);
    for (uint64_t i = 1; i <= RECORDS; i++) /* at many places of a page, and of a larger step */
        bytes[i * (RECORD - 3001)] = '\n';
    scratch_write(&world->scratch, "records", bytes, RECORDS_SIZE);
    format.find_end = see_line_end;
    for (uint64_t place = 1; place < (RECORDS - 2) * RECORD; place += 1777) {
        struct reading reading = reading_world_pin(world, "records");
        uint64_t boundary = 0;
        bytes_seen = 0;
        assert_int_equal(boundary_find(&reading, &format, place, &boundary), 0);
        assert_true(boundary - place <= RECORD);
        assert_true(bytes_seen <= RECORD + 4 * KIB);
        reading_close(&reading);
        scratch_write(&world->scratch, "records", bytes, RECORDS_SIZE); /* forget */
    }
    free(bytes);
}

/* Windows that are larger than any step. */
static int setup(void **state)
{
    const struct world_limits limits = {16, 4 * RECORDS_SIZE, 8 * RECORDS_SIZE};
    return world_make(state, &limits);
}

static bool see_text(const struct record_format *format, const struct record_text *text, size_t *at)
{
    bytes_seen = max_u64(bytes_seen, text->length);
    *at = text->limit;
    for (size_t i = 1; i < text->limit; i++)
        if (text->bytes[i - 1] == '\n') {
            *at = i;
            return true;
        }
    (void)format;
    return false;
}

/* What looks ahead gets the stretch, and a page more at most, if that is enough to tell. */
static void test_look_no_further(void **state)
{
    struct world *world = *state;
    struct record_format *format = model_pattern(&pattern_models[0]);
    struct end_found found;
    uint8_t *bytes = malloc(RECORDS_SIZE);

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    memset(bytes, 'x', RECORDS_SIZE);
    scratch_write(&world->scratch, "records", bytes, RECORDS_SIZE);
    format->find_ahead = see_text;
    struct reading reading = reading_world_pin(world, "records");
    for (uint64_t length = 1; length < RECORD; length += 777) {
        bytes_seen = 0;
        const uint64_t start = RECORD + 1; /* its context begins a part */
        assert_int_equal(end_scan(&reading, format, start, start + length, &found), 0);
        assert_int_equal(found.place, start + length);
        assert_in_range(bytes_seen, length, length + 4 * KIB);
    }
    reading_close(&reading);
    pattern_free(format);
    free(bytes);
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_boundaries),      IN_WORLD(test_cut_line),
        IN_WORLD(test_near_the_end),    IN_WORLD(test_lines_at_the_limit),
        IN_WORLD(test_line_in_hole),    IN_WORLD(test_header_over_hole),
        IN_WORLD(test_rewritten_start), IN_WORLD(test_keys),
        IN_WORLD(test_short_entry),     IN_WORLD(test_read_no_further),
        IN_WORLD(test_look_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
