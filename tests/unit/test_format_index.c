/* SPDX-License-Identifier: MIT */
/*
 * Indexes, rows and boundaries of formats with states, and of those with holes that matter: against
 * the record starts that the format itself finds in the whole content in memory.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/format/csv.h"
#include "core/format/fasta.h"
#include "core/format/fastq.h"
#include "core/format/nul.h"
#include "core/index/index_count.h"
#include "core/index/index_encoding.h"
#include "core/index/index_get.h"
#include "core/index/rows.h"
#include "core/record/boundary.h"

enum { KIB = 1024, MIB = 1024 * KIB, CASES = 24, QUERIES = 60, GROUPS = 3 };

static struct index_directory no_indexes; /* keeps nothing */

static const struct record_format *const formats[] = {
    &nul_format, &fastq_format, &fasta_format, &csv_formats[','], &csv_formats[';'],
};

/* A content, where its records start, and the file. */
struct content {
    const struct record_format *format;
    uint8_t *bytes; /* owned */
    uint64_t size;
    uint64_t *starts; /* owned */
    uint64_t records;
    struct reading reading;
};

/* --- contents --------------------------------------------------------------------------------- */

static void fill_records(struct random *random, uint8_t *bytes, uint64_t size)
{
    static const char *const words[] = {"a",
                                        "bc",
                                        ",",
                                        ";",
                                        "\n",
                                        ">",
                                        "\"",
                                        "\"\"",
                                        "\"d\"",
                                        "\r\n",
                                        "\",\"",
                                        "\n>",
                                        "ACGTACGTACGTACGT",
                                        "some longer text "};
    const uint64_t plain = random_below(random, 100); /* how much of it is text */

    for (uint64_t at = 0; at < size;) {
        const size_t number = random_chance(random, (unsigned)plain)
                                  ? LENGTH_OF(words) - 1 - random_below(random, 2)
                                  : random_below(random, LENGTH_OF(words));
        for (const char *word = words[number]; *word != '\0' && at < size; word++)
            bytes[at++] = (uint8_t)*word;
    }
}

/* What is easily wrong, where steps and blocks meet. */
static void fill_edges(struct random *random, uint8_t *bytes, uint64_t size)
{
    static const char odd[] = "\"\n,\">\0;";
    for (uint64_t edge = 4 * KIB; edge < size;
         edge += edge % INDEX_BLOCK == 0 ? 128 * KIB : 4 * KIB)
        for (uint64_t at = edge - 2; at < edge + 2 && at < size; at++)
            if (random_chance(random, 40))
                bytes[at] = (uint8_t)odd[random_below(random, sizeof(odd) - 1)];
}

static void fill_zeros(struct random *random, uint8_t *bytes, uint64_t size)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t start = random_below(random, size + 1) / (4 * KIB) * (4 * KIB);
        uint64_t length = random_below(random, 2 * INDEX_BLOCK) / (4 * KIB) * (4 * KIB);
        if (start < size)
            memset(bytes + start, 0, min_u64(length, size - start));
    }
}

static void find_starts(struct content *content)
{
    const struct record_format *format = content->format;
    uint8_t state = 0;
    uint64_t at = 0;

    free(content->starts);
    content->starts = calloc(content->size + 2, sizeof(content->starts[0]));
    assert_non_null(content->starts);
    content->records = content->size > 0 ? 1 : 0;
    while (at < content->size) {
        at += format->find_end(format, content->bytes + at, content->size - at, &state, 1);
        uint64_t start = record_format_start_after(format, at++);
        if (start < content->size)
            content->starts[content->records++] = start;
    }
}

static struct content content_make(struct world *world, struct random *random,
                                   const struct record_format *format, uint64_t size)
{
    struct content content = {.format = format, .bytes = malloc(size + 1), .size = size};

    assert_non_null(content.bytes);
    fill_records(random, content.bytes, size);
    if (random_chance(random, 70))
        fill_edges(random, content.bytes, size);
    if (random_chance(random, 40))
        fill_zeros(random, content.bytes, size);
    find_starts(&content);
    scratch_write_sparse(&world->scratch, "content", content.bytes, content.size);
    content.reading = reading_world_pin(world, "content");
    return content;
}

static void content_free(struct content *content)
{
    reading_close(&content->reading);
    free(content->bytes);
    free(content->starts);
}

static uint64_t start_of(const struct content *content, uint64_t record)
{
    return record < content->records ? content->starts[record] : content->size;
}

/* The first record start at or after `place`. */
static uint64_t boundary_of(const struct content *content, uint64_t place)
{
    uint64_t low = 0;
    uint64_t high = content->records;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (content->starts[middle] < place)
            low = middle + 1;
        else
            high = middle;
    }
    return start_of(content, low);
}

static uint64_t random_place(struct random *random, const struct content *content)
{
    if (content->records == 0 || random_chance(random, 50))
        return random_below(random, content->size + 1);
    uint64_t start = content->starts[random_below(random, content->records)];
    return min_u64(start + random_below(random, 3), content->size);
}

/* --- checks ----------------------------------------------------------------------------------- */

static void check_rows(const struct content *content, struct record_index *index,
                       struct random *random)
{
    assert_int_equal(record_index_records(index), content->records);
    for (unsigned i = 0; i < QUERIES; i++) {
        const uint64_t record = random_below(random, content->records + 2);
        uint64_t offset = UINT64_MAX;
        assert_int_equal(rows_find(&content->reading, index, record, &offset), 0);
        assert_int_equal(offset, start_of(content, record));
    }
}

static void check_boundaries(const struct content *content, struct record_index *index,
                             struct random *random)
{
    for (unsigned i = 0; i < QUERIES; i++) {
        const uint64_t places[] = {random_place(random, content), random_place(random, content)};
        uint64_t start = min_u64(places[0], places[1]);
        uint64_t end = max_u64(places[0], places[1]);
        const uint64_t wanted[] = {boundary_of(content, start), boundary_of(content, end)};
        int error = content->format->needs_index
                        ? rows_find_boundaries(&content->reading, index, &start, &end)
                        : boundary_find_both(&content->reading, content->format, &start, &end);
        assert_int_equal(error, 0);
        assert_int_equal(start, wanted[0]);
        assert_int_equal(end, wanted[1]);
    }
}

static void check_headers(const struct content *content, struct random *random)
{
    for (unsigned i = 0; i < 5; i++) {
        const uint64_t count = random_below(random, min_u64(content->records, 2000) + 2);
        uint64_t boundary = UINT64_MAX;
        assert_int_equal(
            boundary_after_records(&content->reading, content->format, count, &boundary), 0);
        assert_int_equal(boundary, start_of(content, count));
    }
}

/* Written and read again, an index is the same. */
static void check_encoding(struct world *world, const struct content *content,
                           const struct record_index *index)
{
    const struct index_key key = {.format = content->format, .size = content->size};
    struct index_key read_key;
    struct record_index *read = NULL;
    int fd = scratch_open(&world->scratch, "index", O_RDWR | O_CREAT | O_TRUNC);

    assert_int_equal(index_encode(fd, &key, index), 0);
    assert_int_equal(index_decode(fd, &read_key, &read), 0);
    assert_ptr_equal(read_key.format, content->format);
    assert_true(record_index_equal(read, index));
    assert_int_equal(read->block_state, index->block_state);
    assert_int_equal(record_index_records(read), content->records);
    record_index_unref(read);
    assert_int_equal(close(fd), 0);
}

static struct record_index *get(const struct content *content)
{
    struct record_index *index = NULL;
    assert_int_equal(index_get(&no_indexes, &content->reading, content->format, &index), 0);
    return index;
}

static void check_all(struct world *world, const struct content *content, struct random *random)
{
    check_headers(content, random);
    if (!content->format->needs_index)
        check_boundaries(content, NULL, random);
    struct record_index *index = get(content);
    check_rows(content, index, random);
    check_boundaries(content, index, random);
    check_encoding(world, content, index);
    record_index_unref(index);
}

/* --- the tests -------------------------------------------------------------------------------- */

static void test_contents(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        const uint64_t most = i % 3 == 0 ? 3000 : 3 * INDEX_BLOCK;
        const uint64_t size = random_below(&random, most);
        struct content content =
            content_make(*state, &random, formats[i % LENGTH_OF(formats)], size);
        check_all(*state, &content, &random);
        content_free(&content);
    }
}

/* Appends: the index goes on from where it ended, in the middle of a quoted field too. */
static void test_appended(void **state)
{
    struct world *world = *state;
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(1000 + i);
        struct content content = content_make(world, &random, formats[i % LENGTH_OF(formats)],
                                              random_between(&random, 1, 2 * INDEX_BLOCK));
        for (unsigned k = 0; k < 4; k++) {
            const uint64_t old = content.size;
            /* An index of holes is made anew: the append may fill them. */
            const bool holes = file_may_have_holes(&content.reading.version.file);
            record_index_unref(get(&content));
            const uint64_t scanned = atomic_load(&world->pool.bytes_scanned);
            content.size += random_between(&random, 1, k % 2 == 0 ? 100 : INDEX_BLOCK);
            content.bytes = realloc(content.bytes, content.size + 1);
            assert_non_null(content.bytes);
            fill_records(&random, content.bytes + old, content.size - old);
            find_starts(&content);
            scratch_append(&world->scratch, "content", content.bytes + old, content.size - old);
            struct reading again = reading_again(&content.reading);
            reading_close(&content.reading);
            content.reading = again;
            record_index_unref(get(&content));
            if (!holes && !file_may_have_holes(&content.reading.version.file))
                assert_int_equal(atomic_load(&world->pool.bytes_scanned) - scanned,
                                 content.size - old);
            check_all(world, &content, &random);
        }
        content_free(&content);
    }
}

/* Steps of several groups that are counted in any order. */
static void test_any_order(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < LENGTH_OF(formats); i++) {
        struct random random = random_case(2000 + i);
        struct content content =
            content_make(*state, &random, formats[i], (GROUPS - 1) * (uint64_t)INDEX_STEP + 12345);
        struct record_index *index = record_index_new(content.format, content.size, NULL);
        unsigned order[GROUPS] = {0, 1, 2};
        for (unsigned k = GROUPS - 1; k > 0; k--) {
            const uint64_t other = random_below(&random, k + 1);
            const unsigned kept = order[k];
            order[k] = order[other];
            order[other] = kept;
        }
        for (unsigned k = 0; k < GROUPS; k++)
            assert_int_equal(
                index_count(&content.reading, order[k] * (uint64_t)INDEX_STEP, content.size, index),
                0);
        assert_null(index->waiting);
        const uint8_t last = content.bytes[content.size - 1];
        record_index_finish(index, !content.format->is_complete(last, index->state));
        check_rows(&content, index, &random);
        check_boundaries(&content, index, &random);
        record_index_unref(index);
        content_free(&content);
    }
}

static unsigned all_states; /* how often bytes were counted for each state */

static void count_all_states(const struct record_format *format, const uint8_t *bytes,
                             size_t length, struct record_effect *effect)
{
    all_states++;
    csv_formats[','].pass(format, bytes, length, effect);
}

/* If all before a step has been counted, only the state that holds is counted. */
static void test_known_state(void **state)
{
    struct random random = random_case(4000);
    struct record_format format = csv_formats[','];

    assert_int_equal(fault_guard_install(), 0);
    format.pass = count_all_states;
    struct content content = content_make(*state, &random, &format, INDEX_STEP + 12345);
    /* Holes count for all states, and cost nothing. */
    const bool holes = file_may_have_holes(&content.reading.version.file);
    for (unsigned first = 0; first < 2; first++) {
        struct record_index *index = record_index_new(&format, content.size, NULL);
        all_states = 0;
        for (unsigned k = 0; k < 2; k++)
            assert_int_equal(index_count(&content.reading, (first + k) % 2 * (uint64_t)INDEX_STEP,
                                         content.size, index),
                             0);
        assert_true(holes || (all_states == 0) == (first == 0));
        record_index_unref(index);
    }
    content_free(&content);
}

/* A hole much longer than a group: its effect on the state is known without reading it. */
static void test_long_holes(void **state)
{
    static const char *const starts[] = {"a,\"b", "\"a\"", "a,b\n", "x\ny\n", ">a\n"};
    static const char *const ends[] = {"\nc\",d\ne\n", "\n>\ne\n"};
    const uint64_t hole = 5 * (uint64_t)INDEX_STEP;
    struct world *world = *state;

    assert_int_equal(fault_guard_install(), 0);
    for (size_t i = 0; i < LENGTH_OF(starts) * LENGTH_OF(ends) * LENGTH_OF(formats); i++) {
        const char *start = starts[i % LENGTH_OF(starts)];
        const char *end = ends[i / LENGTH_OF(starts) % LENGTH_OF(ends)];
        struct content content = {
            .format = formats[i / LENGTH_OF(starts) / LENGTH_OF(ends)],
            .size = hole + strlen(end),
            .bytes = calloc(1, hole + strlen(end) + 1),
        };
        assert_non_null(content.bytes);
        if (content.format == &nul_format) { /* its records would take GiB here */
            free(content.bytes);
            continue;
        }
        memcpy(content.bytes, start, strlen(start));
        memcpy(content.bytes + hole, end, strlen(end));
        find_starts(&content);
        scratch_write_sparse(&world->scratch, "content", content.bytes, content.size);
        content.reading = reading_world_pin(world, "content");
        struct random random = random_case(i);
        struct record_index *index = record_index_new(content.format, content.size, NULL);
        for (uint64_t place = 0; place < content.size;) {
            uint64_t next = place;
            assert_int_equal(index_pass_hole(&content.reading, index, place, &next), 0);
            if (next == place) {
                next = index_step_end(place, content.size);
                assert_int_equal(index_count(&content.reading, place, next, index), 0);
            }
            place = next;
        }
        record_index_finish(index, !content.format->is_complete('\n', index->state));
        check_rows(&content, index, &random);
        record_index_unref(index);
        content_free(&content);
    }
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_contents),    IN_WORLD(test_appended),   IN_WORLD(test_any_order),
        IN_WORLD(test_known_state), IN_WORLD(test_long_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
