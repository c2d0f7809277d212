/* SPDX-License-Identifier: MIT */
/* index_feed: content that comes in order, in pieces of any size, has the index of its file. */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/file/fault_guard.h"
#include "core/format/csv.h"
#include "core/format/fasta.h"
#include "core/format/fastq.h"
#include "core/format/lines.h"
#include "core/format/nul.h"
#include "core/index/index_count.h"

enum { KIB = 1024, MIB = 1024 * KIB, REPEATED = 640 * KIB, CASES = 5 };

static const struct record_format *const formats[] = {
    &lines_format, &nul_format, &fastq_format, &fasta_format, &csv_formats[','],
};

/* A text in which any format has records, and that is odd where blocks meet. */
static uint8_t *make_text(struct random *random, uint64_t size)
{
    static const char letters[] =
        "\n\n\n\n>>\"\",,\0\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    uint8_t *bytes = malloc(size + REPEATED);

    assert_non_null(bytes);
    for (uint64_t i = 0; i < min_u64(size, REPEATED); i++)
        bytes[i] = (uint8_t)letters[random_below(random, sizeof(letters) - 1)];
    for (uint64_t at = REPEATED; at < size; at += REPEATED)
        memcpy(bytes + at, bytes, REPEATED);
    for (uint64_t edge = INDEX_BLOCK; edge < size; edge += INDEX_BLOCK)
        for (uint64_t at = edge - 2; at < min_u64(edge + 2, size); at++)
            bytes[at] = (uint8_t)letters[random_below(random, 14)];
    return bytes;
}

/* Marks an index as counted, as its publication does. */
static void finish(struct record_index *index, const uint8_t *bytes)
{
    const bool ends_open =
        index->size > 0 && !index->format->is_complete(bytes[index->size - 1], index->state);
    record_index_finish(index, ends_open);
}

static struct record_index *feed_all(const struct record_format *format, const uint8_t *bytes,
                                     uint64_t size, uint64_t most, struct random *random)
{
    struct index_feed *feed = index_feed_new(format);

    assert_non_null(feed);
    for (uint64_t at = 0; at < size;) {
        assert_int_equal(index_feed_size(feed), at);
        const size_t length = (size_t)min_u64(random_between(random, 0, most), size - at);
        assert_int_equal(index_feed_add(feed, bytes + at, length), 0);
        at += length;
    }
    assert_int_equal(index_feed_size(feed), size);
    struct record_index *index = index_feed_end(feed);
    assert_non_null(index);
    index_feed_free(feed);
    finish(index, bytes);
    return index;
}

/* Counts what an older index, if any, does not have. */
static struct record_index *count_on(struct world *world, const struct record_format *format,
                                     const uint8_t *bytes, uint64_t size,
                                     const struct record_index *old)
{
    struct record_index *index = record_index_new(format, size, old);
    struct reading reading;

    assert_non_null(index);
    if (size > 0) {
        scratch_write(&world->scratch, "text", bytes, size);
        reading = reading_world_pin(world, "text");
        for (uint64_t at = old != NULL ? old->size : 0; at < size; at = index_step_end(at, size))
            assert_int_equal(index_count(&reading, at, size, index), 0);
        reading_close(&reading);
    }
    finish(index, bytes);
    return index;
}

static void check_equal(const struct record_index *fed, const struct record_index *counted)
{
    assert_ptr_equal(fed->format, counted->format);
    assert_int_equal(fed->size, counted->size);
    assert_int_equal(fed->blocks, counted->blocks);
    assert_int_equal(fed->ends_open, counted->ends_open);
    assert_true(record_index_equal(fed, counted));
    assert_int_equal(record_index_records(fed), record_index_records(counted));
    for (uint64_t block = 0; block < fed->blocks; block++) {
        assert_int_equal(record_index_ends_before(fed, block + 1),
                         record_index_ends_before(counted, block + 1));
        if (record_index_next_end(fed, block) == block)
            assert_int_equal(record_index_state_at(fed, block),
                             record_index_state_at(counted, block));
    }
}

static void check_text(struct world *world, const struct record_format *format, uint64_t size,
                       uint64_t most, struct random *random)
{
    uint8_t *bytes = make_text(random, size);
    struct record_index *fed = feed_all(format, bytes, size, most, random);
    struct record_index *counted = count_on(world, format, bytes, size, NULL);

    check_equal(fed, counted);
    assert_true(size < INDEX_BLOCK || record_index_records(fed) > 1);
    record_index_unref(fed);
    record_index_unref(counted);
    free(bytes);
}

/* What was fed is the beginning of a file that has grown: counting goes on from there. */
static void check_growth(struct world *world, const struct record_format *format, uint64_t size,
                         uint64_t more, struct random *random)
{
    uint8_t *bytes = make_text(random, size + more);
    const uint64_t block = size / INDEX_BLOCK * INDEX_BLOCK;

    if (random_chance(random, 50)) /* the first record end of the block is in what comes later */
        memset(bytes + block, 'a', size - block);
    struct record_index *fed = feed_all(format, bytes, size, 300 * KIB, random);
    struct record_index *grown = count_on(world, format, bytes, size + more, fed);
    struct record_index *counted = count_on(world, format, bytes, size + more, NULL);

    check_equal(grown, counted);
    record_index_unref(fed);
    record_index_unref(grown);
    record_index_unref(counted);
    free(bytes);
}

static void test_sizes(void **state)
{
    static const uint64_t sizes[] = {
        0, 1, INDEX_BLOCK - 1, INDEX_BLOCK, INDEX_BLOCK + 1, 2 * INDEX_BLOCK, 3 * INDEX_BLOCK + 1};

    assert_int_equal(fault_guard_install(), 0);
    for (size_t format = 0; format < LENGTH_OF(formats); format++)
        for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
            struct random random = random_case(format * 100 + i);
            check_text(*state, formats[format], sizes[i], 300 * KIB, &random);
        }
}

static void test_any_pieces(void **state)
{
    static const uint64_t most[] = {2, 100, 5000, INDEX_BLOCK, 2 * MIB};

    assert_int_equal(fault_guard_install(), 0);
    for (size_t format = 0; format < LENGTH_OF(formats); format++)
        for (size_t i = 0; i < CASES; i++) {
            struct random random = random_case(1000 + format * 100 + i);
            check_text(*state, formats[format],
                       random_between(&random, 1, i == 0 ? 50 * KIB : 1500 * KIB), most[i],
                       &random);
        }
}

static void test_growth(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (size_t format = 0; format < LENGTH_OF(formats); format++)
        for (size_t i = 0; i < CASES; i++) {
            struct random random = random_case(4000 + format * 100 + i);
            const uint64_t size = i == 0 ? 2 * INDEX_BLOCK : random_below(&random, 900 * KIB);
            check_growth(*state, formats[format], size, random_between(&random, 1, 600 * KIB),
                         &random);
        }
}

/* Where a group of blocks ends, a step of counts ends, too; and the state goes on. */
static void test_around_a_step(void **state)
{
    static const uint64_t sizes[] = {INDEX_STEP, INDEX_STEP - 1, INDEX_STEP + 1};

    assert_int_equal(fault_guard_install(), 0);
    for (size_t i = 0; i < LENGTH_OF(formats); i++) {
        struct random random = random_case(2000 + i);
        const uint64_t size =
            i == LENGTH_OF(formats) - 1 ? INDEX_STEP + 3 * INDEX_BLOCK : sizes[i % 3];
        check_text(*state, formats[i], size, 10 * MIB, &random);
    }
}

/* One that is not ended: nothing is left of it. */
static void test_given_up(void **state)
{
    struct random random = random_case(3000);
    uint8_t *bytes = make_text(&random, MIB);
    struct index_feed *feed = index_feed_new(&csv_formats[',']);

    (void)state;
    assert_non_null(feed);
    assert_int_equal(index_feed_add(feed, bytes, MIB), 0);
    index_feed_free(feed);
    index_feed_free(NULL);
    free(bytes);
}

int main(void)
{
#define FEED_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        FEED_TEST(test_sizes),         FEED_TEST(test_any_pieces), FEED_TEST(test_growth),
        FEED_TEST(test_around_a_step), FEED_TEST(test_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
