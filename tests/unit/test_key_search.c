/* SPDX-License-Identifier: MIT */
/*
 * key_search: records between two keys, by bisection, against a model that looks at each record in
 * turn and shares no code with it.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/format/csv.h"
#include "core/index/index_get.h"
#include "core/record/key_search.h"
#include "tests/unit/line_model.h"

enum {
    KIB = 1024,
    SMALL_CASES = 3000,
    SMALL_KEYS = 12,
    MOST_RECORDS = 60,
    MOST_RECORD = 12,
    MOST_TEXT = MOST_RECORDS * (MOST_RECORD + 1),
};

#define MIB (1024ull * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

static int setup(void **state)
{
    const struct world_limits limits = {16, 256 * KIB, 1024 * KIB};
    return world_make(state, &limits);
}

/* --- the model -------------------------------------------------------------------------------- */

/* A content whose records end with `end`. */
struct text {
    const uint8_t *bytes;
    uint64_t size;
    uint8_t end;
};

/* Where the record at `start` ends, with the byte that ends it in *next. */
static uint64_t model_end(const struct text *text, uint64_t start, uint64_t *next)
{
    const uint8_t *end = memchr(text->bytes + start, text->end, text->size - start);
    uint64_t length = end != NULL ? (uint64_t)(end - text->bytes) - start : text->size - start;
    *next = start + length + (end != NULL ? 1 : 0);
    return start + length;
}

static int model_compare(const uint8_t *one, size_t one_length, const uint8_t *other,
                         size_t other_length)
{
    for (size_t i = 0; i < one_length && i < other_length; i++)
        if (one[i] != other[i])
            return one[i] < other[i] ? -1 : 1;
    return one_length < other_length ? -1 : one_length > other_length;
}

/* The first record from `base` on that is not below the key. */
static uint64_t model_find(const struct text *text, uint64_t base, const struct sort_key *key)
{
    uint64_t next = 0;
    for (uint64_t start = base; start < text->size; start = next) {
        uint64_t end = model_end(text, start, &next);
        if (model_compare(text->bytes + start, end - start, key->bytes, key->length) >= 0)
            return start;
    }
    return text->size;
}

static bool model_is_start(const struct text *text, uint64_t place)
{
    return place == 0 || place == text->size ||
           (place < text->size && text->bytes[place - 1] == text->end);
}

/* --- random texts ----------------------------------------------------------------------------- */

struct piece_of_text {
    uint8_t bytes[MOST_RECORD];
    size_t length;
};

static int by_bytes(const void *one, const void *other)
{
    const struct piece_of_text *a = one;
    const struct piece_of_text *b = other;
    return model_compare(a->bytes, a->length, b->bytes, b->length);
}

/* Few different bytes, so that many records are equal or begin with each other. */
static void random_bytes(struct random *random, uint8_t end, uint8_t *bytes, size_t length)
{
    static const uint8_t alphabets[][4] = {
        {'a', 'b', 'a', 'b'}, {0, 1, 'a', 0xff}, {'\n', '\t', 0, 0x0b}, {0x7f, 0x80, 0xfe, 0xff}};
    const uint8_t *alphabet = alphabets[random_below(random, LENGTH_OF(alphabets))];
    for (size_t i = 0; i < length; i++) {
        bytes[i] = alphabet[random_below(random, 4)];
        if (bytes[i] == end)
            bytes[i] = 'a';
    }
}

/* Sorted or not; the last record may have no end. Returns the size. */
static uint64_t random_text(struct random *random, bool sorted, uint8_t end, uint8_t *bytes)
{
    struct piece_of_text records[MOST_RECORDS];
    const size_t count = random_between(random, 1, MOST_RECORDS);
    const size_t longest = random_between(random, 0, MOST_RECORD);
    uint64_t size = 0;

    for (size_t i = 0; i < count; i++) {
        records[i].length = random_between(random, 0, longest);
        random_bytes(random, end, records[i].bytes, records[i].length);
        if (i > 0 && random_chance(random, 20))
            records[i] = records[i - 1];
    }
    if (sorted)
        qsort(records, count, sizeof(records[0]), by_bytes);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + size, records[i].bytes, records[i].length);
        size += records[i].length;
        bytes[size++] = end;
    }
    return random_chance(random, 40) && size > 1 ? size - 1 : size;
}

/* Any bytes, the end of records among them; a part of the text, or made up. */
static struct sort_key random_key(struct random *random, const struct text *text)
{
    struct sort_key key = {.length = random_between(random, 0, MOST_RECORD + 2)};

    if (random_chance(random, 50)) {
        uint64_t start = random_below(random, text->size);
        key.length = min_u64(key.length, text->size - start);
        memcpy(key.bytes, text->bytes + start, key.length);
    } else {
        random_bytes(random, random_chance(random, 50) ? text->end : 'z', key.bytes, key.length);
    }
    return key;
}

/* --- checks ----------------------------------------------------------------------------------- */

/* What is searched: a text in a file. */
struct searched {
    struct text text;
    const struct record_format *format;
    const struct reading *reading;
    uint64_t base;
};

static void check_keys(const struct searched *in, const struct key_limits *limits, bool sorted)
{
    uint64_t start = 0;
    uint64_t end = 0;

    assert_int_equal(key_search(in->reading, in->format, NULL, in->base, limits, &start, &end), 0);
    assert_true(in->base <= start && start <= end && end <= in->text.size);
    assert_true(model_is_start(&in->text, start) && model_is_start(&in->text, end));
    if (!sorted)
        return;
    uint64_t from = limits->from != NULL ? model_find(&in->text, in->base, limits->from) : in->base;
    uint64_t to = limits->to != NULL ? model_find(&in->text, in->base, limits->to) : in->text.size;
    assert_int_equal(start, from);
    assert_int_equal(end, max_u64(from, to));
}

static void check_random_keys(const struct searched *in, struct random *random, bool sorted)
{
    for (int i = 0; i < SMALL_KEYS; i++) {
        const struct sort_key from = random_key(random, &in->text);
        const struct sort_key to = random_key(random, &in->text);
        const struct key_limits limits = {random_chance(random, 80) ? &from : NULL,
                                          random_chance(random, 80) ? &to : NULL};
        check_keys(in, &limits, sorted);
    }
}

static void check_small(struct world *world, uint64_t number, bool sorted)
{
    struct random random = random_case(number);
    const bool lines = random_chance(&random, 70);
    const uint8_t end = lines ? '\n' : '\0';
    uint8_t bytes[MOST_TEXT];
    const struct text text = {bytes, random_text(&random, sorted, end, bytes), end};

    (void)unlinkat(world->scratch.directory, "text", 0);
    scratch_write(&world->scratch, "text", bytes, text.size);
    AUTO_READING struct reading reading = reading_world_pin(world, "text");
    struct searched in = {text, lines ? &lines_format : &nul_format, &reading, 0};
    for (uint64_t skip = random_below(&random, 3); skip > 0 && in.base < text.size; skip--)
        (void)model_end(&text, in.base, &in.base); /* as a header would be left out */
    check_random_keys(&in, &random, sorted);
}

static void test_small_sorted(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < SMALL_CASES; i++)
        check_small(*state, i, true);
}

/* Whole records, whatever is asked, and no more probes than a sorted file takes. */
static void test_small_unsorted(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < SMALL_CASES; i++)
        check_small(*state, SMALL_CASES + i, false);
}

/* --- edges ------------------------------------------------------------------------------------ */

static struct sort_key key_of(const char *text)
{
    struct sort_key key = {.length = strlen(text)};
    memcpy(key.bytes, text, key.length);
    return key;
}

/* Searches for [from, to); "" is no limit. Returns the result, and the range in *start, *end. */
static int search(const struct reading *reading, const char *from, const char *to, uint64_t *start,
                  uint64_t *end)
{
    const struct sort_key keys[] = {key_of(from), key_of(to)};
    const struct key_limits limits = {from[0] != '\0' ? &keys[0] : NULL,
                                      to[0] != '\0' ? &keys[1] : NULL};
    return key_search(reading, &lines_format, NULL, 0, &limits, start, end);
}

#define ASSERT_RANGE(reading, from, to, first, last)                                               \
    do {                                                                                           \
        uint64_t start_ = 0, end_ = 0;                                                             \
        assert_int_equal(search(reading, from, to, &start_, &end_), 0);                            \
        assert_int_equal(start_, first);                                                           \
        assert_int_equal(end_, last);                                                              \
    } while (0)

/* A record is compared without its LF: it is below each longer key that it begins. */
static void test_line_ends(void **state)
{
    struct world *world = *state;
    static const char text[] = "ab\nab\tc\nab\nb"; /* LC_ALL=C sort would put the third first */

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "one", text, 3);
    AUTO_READING struct reading one = reading_world_pin(world, "one");
    ASSERT_RANGE(&one, "ab", "ab\t", 0, 3);
    ASSERT_RANGE(&one, "ab\t", "", 3, 3);
    ASSERT_RANGE(&one, "ab\n", "", 3, 3);
    ASSERT_RANGE(&one, "ab", "ab", 0, 0);
    ASSERT_RANGE(&one, "a", "ab", 0, 0);
    scratch_write(&world->scratch, "two", text, 8);
    AUTO_READING struct reading two = reading_world_pin(world, "two");
    ASSERT_RANGE(&two, "ab\t", "ab\n", 3, 8);
    ASSERT_RANGE(&two, "ab\n", "", 8, 8);
    ASSERT_RANGE(&two, "", "ab\t", 0, 3);
    scratch_write(&world->scratch, "three", text + 8, 4);
    AUTO_READING struct reading three = reading_world_pin(world, "three");
    ASSERT_RANGE(&three, "b", "", 3, 4);
    ASSERT_RANGE(&three, "b\n", "", 4, 4);
    ASSERT_RANGE(&three, "", "b", 0, 3);
}

static void test_no_records(void **state)
{
    struct world *world = *state;

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "empty", "", 0);
    AUTO_READING struct reading reading = reading_world_pin(world, "empty");
    ASSERT_RANGE(&reading, "a", "b", 0, 0);
    ASSERT_RANGE(&reading, "", "b", 0, 0);
}

/* --- large files ------------------------------------------------------------------------------ */

/* Makes a sparse file; lines are put into it with scratch_overwrite(). */
static void make_sparse(const struct world *world, const char *name, uint64_t size)
{
    scratch_write(&world->scratch, name, "", 0);
    scratch_truncate(&world->scratch, name, size);
}

static void put(const struct world *world, const char *name, const char *text, uint64_t offset)
{
    scratch_overwrite(&world->scratch, name, text, strlen(text), offset);
}

/* Records that reach over holes of many GiB: nothing of the holes is read. */
static void test_holes(void **state)
{
    struct world *world = *state;
    struct source_pool *pool = &world->pool;

    assert_int_equal(fault_guard_install(), 0);
    make_sparse(world, "holes", 64 * GIB);
    put(world, "holes", "ant\nbee", 0); /* the bee is 20 GiB long */
    put(world, "holes", "\ncat\ndog", 20 * GIB);
    put(world, "holes", "\neel", 50 * GIB);
    AUTO_READING struct reading reading = reading_world_pin(world, "holes");
    ASSERT_RANGE(&reading, "bee", "cat", 4, 20 * GIB + 1);
    ASSERT_RANGE(&reading, "beef", "dog", 20 * GIB + 1, 20 * GIB + 5);
    ASSERT_RANGE(&reading, "dog", "eel", 20 * GIB + 5, 50 * GIB + 1);
    ASSERT_RANGE(&reading, "eel", "", 50 * GIB + 1, 64 * GIB);
    ASSERT_RANGE(&reading, "", "bee", 0, 4);
    assert_in_range(atomic_load(&pool->bytes_scanned) + atomic_load(&pool->bytes_read), 1, 2 * MIB);
}

/* One record of data: looked through once, and never more of it compared than the key has. */
static void test_one_long_record(void **state)
{
    struct world *world = *state;
    struct source_pool *pool = &world->pool;
    const uint64_t size = 8 * MIB;
    uint8_t *bytes = malloc(size);

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    memset(bytes, 'm', size);
    scratch_write(&world->scratch, "long", bytes, size);
    free(bytes);
    AUTO_READING struct reading reading = reading_world_pin(world, "long");
    ASSERT_RANGE(&reading, "m", "n", 0, size);
    assert_in_range(atomic_load(&pool->bytes_scanned), 1, size + 64 * KIB);
    ASSERT_RANGE(&reading, "a", "b", 0, 0);
    ASSERT_RANGE(&reading, "mn", "z", size, size);
    ASSERT_RANGE(&reading, "", "m", 0, 0);
    assert_in_range(atomic_load(&pool->bytes_scanned), 1, size + 64 * KIB);
}

/* A long record is compared, and its end is not needed: it is not looked for. */
static void test_end_of_a_long_record(void **state)
{
    struct world *world = *state;
    const uint64_t half = 4 * MIB;
    uint8_t *bytes = malloc(2 * half);

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    memset(bytes, 'a', half);
    memset(bytes + half, 'm', half);
    for (uint64_t i = 63; i < half; i += 64)
        bytes[i] = '\n';
    scratch_write(&world->scratch, "long", bytes, 2 * half);
    free(bytes);
    AUTO_READING struct reading reading = reading_world_pin(world, "long");
    ASSERT_RANGE(&reading, "b", "c", half, half);
    assert_in_range(atomic_load(&world->pool.bytes_scanned), 1, 200 * KIB);
}

/*
 * 2 TiB, with a few records around each place that bisection visits on the way to a key: at most 64
 * KiB are read for a probe.
 */
static void put_places(const struct world *world, uint64_t size, uint64_t target, unsigned *places)
{
    char lines[128];
    uint64_t low = 0;
    uint64_t high = size;

    while (high - low > 4 * KIB) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t place = middle / 512 * 512;
        (void)snprintf(lines, sizeof(lines), "\n%014" PRIu64 " a\n%014" PRIu64 " b", place,
                       place + 1);
        put(world, "huge", lines, place);
        (*places)++;
        if (target < place)
            high = middle;
        else
            low = middle;
    }
}

static void test_huge(void **state)
{
    struct world *world = *state;
    struct source_pool *pool = &world->pool;
    const uint64_t size = 2 * TIB;
    const uint64_t target = TIB + 345678901234;
    unsigned places = 0;
    char from[32];
    uint64_t start = 0;
    uint64_t end = 0;

    assert_int_equal(fault_guard_install(), 0);
    make_sparse(world, "huge", size);
    put(world, "huge", "00000000000000 first", 0);
    put_places(world, size, target, &places);
    assert_in_range(places, 25, 40);
    AUTO_READING struct reading reading = reading_world_pin(world, "huge");
    (void)snprintf(from, sizeof(from), "%014" PRIu64, target);
    uint64_t before = atomic_load(&pool->bytes_scanned) + atomic_load(&pool->bytes_read);
    assert_int_equal(search(&reading, from, "9", &start, &end), 0);
    uint64_t all = atomic_load(&pool->bytes_scanned) + atomic_load(&pool->bytes_read) - before;
    assert_in_range(start, target, target + 8 * KIB);
    assert_int_equal(end, size);
    assert_in_range(atomic_load(&pool->probes), 10, 3 * 2 * 41);
    assert_in_range(all, 1, 2 * 41 * 16 * KIB);
}

/* --- with an index ---------------------------------------------------------------------------- */

/* Rows of one length, and their index. */
struct indexed {
    char *rows; /* owned; as they are in the file */
    struct reading reading;
    struct record_index *index; /* a reference */
};

static struct indexed index_rows(struct world *world, char *rows, size_t size)
{
    static struct index_directory no_indexes; /* keeps nothing */
    struct indexed indexed = {.rows = rows};

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "rows.csv", rows, size);
    indexed.reading = reading_world_pin(world, "rows.csv");
    assert_int_equal(index_get(&no_indexes, &indexed.reading, &csv_formats[','], &indexed.index),
                     0);
    return indexed;
}

static void indexed_free(struct indexed *indexed)
{
    record_index_unref(indexed->index);
    reading_close(&indexed->reading);
    free(indexed->rows);
}

/* Where the first row is that is not below the key. */
static uint64_t find_row(const struct indexed *indexed, const struct record_format *format,
                         const struct sort_key *key)
{
    const struct key_limits limits = {key, NULL};
    uint64_t start = 0;
    uint64_t end = 0;

    assert_int_equal(
        key_search(&indexed->reading, format, indexed->index, 0, &limits, &start, &end), 0);
    assert_int_equal(end, indexed->reading.size);
    return start;
}

/*
 * Line breaks in fields. Little is read of what bisection looks at far from the key: not all up to
 * there from the start of a block.
 */
static void test_csv(void **state)
{
    enum { ROWS = 100000, ROW = 40, ROW_KEYS = 300 };
    struct world *world = *state;
    struct source_pool *pool = &world->pool;
    struct random random = random_case(7000);
    char *rows = malloc(ROWS * ROW + 1);

    assert_non_null(rows);
    for (unsigned i = 0; i < ROWS; i++)
        (void)snprintf(rows + (size_t)i * ROW, ROW + 1, "%08u,\"a\n%08u\nb\",%*s\n", 2 * i + 1,
                       99999999 - i, ROW - 25, "c");
    struct indexed indexed = index_rows(world, rows, ROWS * ROW);
    uint64_t before = atomic_load(&pool->bytes_read) + atomic_load(&pool->bytes_scanned);
    for (unsigned i = 0; i < ROW_KEYS; i++) {
        const unsigned number = (unsigned)random_below(&random, 2 * ROWS + 2);
        char text[16];
        (void)snprintf(text, sizeof(text), "%08u", number);
        const struct sort_key key = key_of(text);
        assert_int_equal(find_row(&indexed, &csv_formats[','], &key), (uint64_t)(number / 2) * ROW);
    }
    uint64_t all = atomic_load(&pool->bytes_read) + atomic_load(&pool->bytes_scanned) - before;
    assert_in_range(all / ROW_KEYS, 1, 3 * INDEX_BLOCK);
    indexed_free(&indexed);
}

/* Rows that lie in two blocks: their heads are read beyond the block that is looked through. */
static void test_csv_across_blocks(void **state)
{
    enum { ROWS = 2000, ROW = 1021 };
    char *rows = malloc(ROWS * ROW + 1);

    assert_non_null(rows);
    for (unsigned i = 0; i < ROWS; i++)
        (void)snprintf(rows + (size_t)i * ROW, ROW + 1, "%06u%0*d\n", i, ROW - 7, 0);
    struct indexed indexed = index_rows(*state, rows, ROWS * ROW);
    for (unsigned i = 0; i < ROWS; i++) {
        struct sort_key key = {.length = SORT_KEY_MOST};
        memcpy(key.bytes, rows + (size_t)i * ROW, key.length);
        assert_int_equal(find_row(&indexed, &csv_formats[','], &key), (uint64_t)i * ROW);
    }
    indexed_free(&indexed);
}

static unsigned finds;

static size_t count_find_end(const struct record_format *format, const uint8_t *bytes,
                             size_t length, uint8_t *state, uint64_t nth)
{
    finds++;
    return csv_formats[','].find_end(format, bytes, length, state, nth);
}

/* A search in short rows looks at those before its key alone, not at all of the block. */
static void test_csv_stops(void **state)
{
    enum { ROWS = 20000, ROW = 8 };
    struct record_format counting = csv_formats[','];
    char *rows = malloc(ROWS * ROW + 1);

    assert_non_null(rows);
    for (unsigned i = 0; i < ROWS; i++)
        (void)snprintf(rows + (size_t)i * ROW, ROW + 1, "%07u\n", i);
    struct indexed indexed = index_rows(*state, rows, ROWS * ROW);
    const struct sort_key key = key_of("0000200");
    counting.find_end = count_find_end;
    finds = 0;
    assert_int_equal(find_row(&indexed, &counting, &key), 200 * ROW);
    assert_in_range(finds, 200, 1000);
    indexed_free(&indexed);
}

/* Records of 64 KiB, all data: on the average a probe reads less than one. */
static void test_records_of_64_kib(void **state)
{
    struct world *world = *state;
    struct source_pool *pool = &world->pool;
    const uint64_t record = 64 * KIB;
    const uint64_t count = 512;
    uint8_t *bytes = malloc(count * record);
    char from[16];

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    memset(bytes, '.', count * record);
    for (uint64_t i = 0; i < count; i++) {
        (void)snprintf((char *)bytes + i * record, 8, "%06" PRIu64, i * 2);
        bytes[i * record + 6] = '.';
        bytes[(i + 1) * record - 1] = '\n';
    }
    scratch_write(&world->scratch, "wide", bytes, count * record);
    free(bytes);
    for (uint64_t i = 1; i < count; i += 37) {
        scratch_let_time_pass(&world->scratch, "wide");
        (void)snprintf(from, sizeof(from), "%06" PRIu64, i * 2 - 1);
        AUTO_READING struct reading reading = reading_world_pin(world, "wide");
        uint64_t before = atomic_load(&pool->bytes_read);
        ASSERT_RANGE(&reading, from, "", i * record, count * record);
        assert_in_range(atomic_load(&pool->bytes_read) - before, 0, 25 * record);
    }
}

/* --- a reader that is gone -------------------------------------------------------------------- */

/* Lets as many questions pass as the argument says, then says yes. */
static bool count_down(void *argument)
{
    unsigned *left = argument;
    return *left == 0 || --*left == 0;
}

static void test_cancelled(void **state)
{
    struct world *world = *state;
    char text[4000];
    unsigned asked = 0;
    int error = -CANCELLED;

    assert_int_equal(fault_guard_install(), 0);
    memset(text, 'a', sizeof(text));
    for (size_t i = 79; i < sizeof(text); i += 80)
        text[i] = '\n';
    scratch_write(&world->scratch, "text", text, sizeof(text));
    AUTO_READING struct reading reading = reading_world_pin(world, "text");
    for (; error == -CANCELLED; asked++) {
        unsigned left = asked + 1;
        const struct cancel cancel = {count_down, &left, 0};
        struct reading part = reading_for(&reading, &cancel);
        uint64_t start = 0;
        uint64_t end = 0;
        error = search(&part, "aa", "b", &start, &end);
    }
    assert_int_equal(error, 0);
    assert_in_range(asked, 12, 1000); /* at least once for each probe */
}

/* The file is rewritten meanwhile: no range of the old content comes back. */
static void test_rewritten(void **state)
{
    struct world *world = *state;
    uint64_t start = 0;
    uint64_t end = 0;

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "text", "a\nb\nc\n", 6);
    AUTO_READING struct reading reading = reading_world_pin(world, "text");
    scratch_let_time_pass(&world->scratch, "text");
    scratch_overwrite(&world->scratch, "text", "x\ny\nz\n", 6, 0);
    assert_int_equal(search(&reading, "b", "c", &start, &end), -ESTALE);
}

#define KEY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_TEST(test_small_sorted),
        KEY_TEST(test_small_unsorted),
        KEY_TEST(test_line_ends),
        KEY_TEST(test_no_records),
        KEY_TEST(test_holes),
        KEY_TEST(test_one_long_record),
        KEY_TEST(test_end_of_a_long_record),
        KEY_TEST(test_huge),
        KEY_TEST(test_csv),
        KEY_TEST(test_csv_across_blocks),
        KEY_TEST(test_csv_stops),
        KEY_TEST(test_records_of_64_kib),
        KEY_TEST(test_cancelled),
        KEY_TEST(test_rewritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
