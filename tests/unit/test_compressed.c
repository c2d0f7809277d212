/* SPDX-License-Identifier: MIT */
/*
 * compressed, decoding, decode_cache, map_walk and content_map, with a codec that is easy to see
 * through: all bytes from many threads, damage, appends, and the limit of memory.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/content/decode_memory.h"
#include "core/content/decoding.h"
#include "core/content/map_note.h"
#include "core/content/scan.h"
#include "core/file/fault_guard.h"
#include "tests/unit/toy_file.h"

enum { MOST = 6 * MIB, READERS = 8, READS = 60 };

static const struct codec checked_codec = TOY_CODEC(true);
static const struct codec trusted_codec = TOY_CODEC(false);
static const struct content_type checked_content = COMPRESSED_CONTENT("toy", 77, &checked_codec);
static const struct content_type trusted_content = COMPRESSED_CONTENT("toy", 77, &trusted_codec);

/* --- reading ---------------------------------------------------------------------------------- */

static int setup(void **state)
{
    return world_make(state, NULL);
}

struct sum {
    const struct toy_file *file;
    uint64_t seen;
};

static bool compare_scanned(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct sum *sum = argument;
    THREAD_CHECK(memcmp(bytes, sum->file->plain + offset, length) == 0);
    sum->seen += length;
    return true;
}

static const struct scan_visitor comparer = {.data = compare_scanned};

static void check_reads(const struct reading *reading, const struct toy_file *file,
                        struct random *random, unsigned reads)
{
    uint8_t *buffer = malloc(MOST);

    THREAD_CHECK(buffer != NULL);
    for (unsigned i = 0; i < reads && buffer != NULL; i++) {
        const uint64_t offset = random_below(random, file->size);
        const uint64_t most = random_chance(random, 70) ? 5000 : MIB;
        const size_t length = (size_t)random_between(random, 1, min_u64(most, file->size - offset));
        int error = i % 5 == 4 ? content_read_at_once(reading, buffer, length, offset)
                               : content_read(reading, buffer, length, offset);
        THREAD_CHECK(error == 0 || (error == -NOT_AT_ONCE && i % 5 == 4));
        if (error == 0)
            THREAD_CHECK(memcmp(buffer, file->plain + offset, length) == 0);
    }
    free(buffer);
}

static void test_reads(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < 12; i++) {
        struct random random = random_case(i);
        struct world *world = *state;
        world->pool.decoded.limit = random_chance(&random, 50) ? 64 * MIB : MIB;
        struct toy_file file = toy_make(&random, random_between(&random, 2, MOST));
        struct source *source =
            toy_source(world, &file, i % 2 == 0 ? &checked_content : &trusted_content);
        struct reading reading = open_toy(source);
        struct sum sum = {.file = &file};
        assert_int_equal(reading.size, file.size);
        check_reads(&reading, &file, &random, READS);
        assert_int_equal(scan(&reading, 0, reading.size, &comparer, &sum), 0);
        assert_int_equal(sum.seen, file.size);
        assert_threads_passed();
        reading_close(&reading);
        source_unref(source);
        toy_free(&file);
    }
}

/* --- many readers ----------------------------------------------------------------------------- */

struct shared {
    struct world *world;
    const struct toy_file *file;
    const struct reading *reading;
};

static void read_randomly(void *argument, unsigned index)
{
    const struct shared *shared = argument;
    struct random random = random_case(100 + index);
    check_reads(shared->reading, shared->file, &random, READS);
    THREAD_CHECK(decode_memory_used(&shared->world->pool.decoded) <=
                 shared->world->pool.decoded.limit);
}

/* Whatever the number of readers, no more memory than the limit is reserved. */
static void test_many_readers(void **state)
{
    struct world *world = *state;
    struct random random = random_case(50);
    struct toy_file file = toy_make(&random, MOST);

    assert_int_equal(fault_guard_install(), 0);
    world->pool.decoded.limit = 2000 * 1000; /* two streams with their blocks */
    atomic_store(&toy_most, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct source *source =
            toy_source(world, &file, i == 0 ? &checked_content : &trusted_content);
        struct reading reading = open_toy(source);
        struct shared shared = {world, &file, &reading};
        run_threads(READERS, read_randomly, &shared);
        assert_in_range(atomic_load(&toy_most), 1, 5);
        reading_close(&reading);
        source_unref(source);
    }
    toy_free(&file);
}

/* A decoder that needs more than the limit works, one at a time. */
static void test_large_decoder(void **state)
{
    struct world *world = *state;
    struct random random = random_case(51);
    struct toy_file file = toy_make(&random, MOST);

    assert_int_equal(fault_guard_install(), 0);
    world->pool.decoded.limit = 600 * 1000;
    atomic_store(&toy_memory, 5 * MIB);
    atomic_store(&toy_most, 0);
    struct source *source = toy_source(world, &file, &trusted_content);
    struct reading reading = open_toy(source);
    struct shared shared = {world, &file, &reading};
    struct random again = random_case(52);
    check_reads(&reading, &file, &again, READS);
    assert_threads_passed();
    assert_int_equal(atomic_load(&toy_most), 1);
    (void)shared;
    atomic_store(&toy_memory, TOY_MEMORY);
    reading_close(&reading);
    source_unref(source);
    toy_free(&file);
}

/*
 * A block whose first part is kept, though a large run stands in that part, and whose second part
 * is not checked yet: the run that was claimed with the block gives way to the one that checks.
 */
static void test_claimed_run_gives_way(void **state)
{
    struct world *world = *state;
    struct random random = random_case(55);
    struct toy_file file = {.plain = NULL};
    const uint64_t unit = MIB + 100 * KIB;
    uint8_t byte = 0;

    for (unsigned i = 0; i < 4; i++)
        toy_add(&file, &random, (uint32_t)unit);
    assert_int_equal(fault_guard_install(), 0);
    world->pool.decoded.limit = 8 * MIB;
    atomic_store(&toy_memory, 5 * MIB);
    struct source *source = toy_source(world, &file, &checked_content);
    struct reading reading = open_toy(source);
    /* The first unit is kept, and its end used last. Others drive out its second block. */
    const uint64_t reads[] = {0,           unit - 1,           2 * unit + MIB / 2,
                              unit - 1,    3 * unit + MIB / 2, unit - 1,
                              MIB / 4 + 1, unit - 1,           unit};
    (void)alarm(60); /* it would try again for ever */
    for (size_t i = 0; i < LENGTH_OF(reads); i++) {
        assert_int_equal(content_read(&reading, &byte, 1, reads[i]), 0);
        assert_int_equal(byte, file.plain[reads[i]]);
    }
    (void)alarm(0);
    atomic_store(&toy_memory, TOY_MEMORY);
    reading_close(&reading);
    source_unref(source);
    toy_free(&file);
}

/*
 * One that needs more than half of the limit goes on, too, if there is no room for what it passes:
 * the part is decoded once to check it, and once for its bytes.
 */
static void test_large_decoder_goes_on(void **state)
{
    struct world *world = *state;
    struct random random = random_case(54);
    struct toy_file file = {.plain = NULL};
    uint8_t buffer[10000];

    toy_add(&file, &random, 4 * MIB);
    toy_add(&file, &random, 4 * MIB);
    assert_int_equal(fault_guard_install(), 0);
    world->pool.decoded.limit = MIB;
    atomic_store(&toy_memory, 600 * KIB);
    struct source *source = toy_source(world, &file, &checked_content);
    struct reading reading = open_toy(source);
    const uint64_t before = atomic_load(&toy_decoded);
    for (uint64_t at = 0; at < file.size; at += sizeof(buffer))
        assert_int_equal(
            content_read(&reading, buffer, (size_t)min_u64(sizeof(buffer), file.size - at), at), 0);
    assert_true(atomic_load(&toy_decoded) - before <= 2 * file.size + MIB);
    atomic_store(&toy_memory, TOY_MEMORY);
    reading_close(&reading);
    source_unref(source);
    toy_free(&file);
}

/*
 * Whatever the limit: a block that lies in two parts is read, though the first part's run keeps
 * memory that the second one needs.
 */
static void test_any_limit(void **state)
{
    struct world *world = *state;
    struct random random = random_case(55);
    struct toy_file file = {.plain = NULL};
    uint8_t buffer[100000];

    assert_int_equal(fault_guard_install(), 0);
    toy_add(&file, &random, MIB + 1000);
    toy_add(&file, &random, MIB + 1000);
    atomic_store(&toy_memory, 900 * KIB);
    for (uint64_t limit = 1; limit < 4 * MIB; limit += 50 * KIB) {
        struct source *source = toy_source(world, &file, &checked_content);
        struct reading reading = open_toy(source);
        world->pool.decoded.limit = limit;
        for (uint64_t at = 0; at < file.size; at += sizeof(buffer)) {
            const size_t length = (size_t)min_u64(sizeof(buffer), file.size - at);
            assert_int_equal(content_read(&reading, buffer, length, at), 0);
            assert_memory_equal(buffer, file.plain + at, length);
        }
        reading_close(&reading);
        source_unref(source);
    }
    atomic_store(&toy_memory, TOY_MEMORY);
    toy_free(&file);
}

/* A reader that reads on decodes each byte once, whether each unit is checked first or not. */
static void test_decoded_once(void **state)
{
    struct world *world = *state;
    struct random random = random_case(53);
    struct toy_file file = toy_make(&random, MOST);
    uint8_t buffer[10000];

    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < 2; i++) {
        struct source *source =
            toy_source(world, &file, i == 0 ? &checked_content : &trusted_content);
        struct reading reading = open_toy(source);
        const uint64_t before = atomic_load(&toy_decoded);
        for (uint64_t at = 0; at < file.size; at += sizeof(buffer))
            assert_int_equal(
                content_read(&reading, buffer, (size_t)min_u64(sizeof(buffer), file.size - at), at),
                0);
        const uint64_t decoded = atomic_load(&toy_decoded) - before;
        assert_int_equal(decoded, file.size);
        reading_close(&reading);
        source_unref(source);
    }
    toy_free(&file);
}

enum { AHEAD = 2 };

/* Every AHEADth stretch of a MiB. */
static void read_ahead(void *argument, unsigned index)
{
    const struct shared *shared = argument;
    const struct toy_file *file = shared->file;
    uint8_t *buffer = malloc(MIB);

    THREAD_CHECK(buffer != NULL);
    for (uint64_t at = (uint64_t)index * MIB; at < file->size && buffer != NULL;
         at += AHEAD * MIB) {
        const size_t length = (size_t)min_u64(MIB, file->size - at);
        THREAD_CHECK(content_read(shared->reading, buffer, length, at) == 0);
        THREAD_CHECK(memcmp(buffer, file->plain + at, length) == 0);
    }
    free(buffer);
}

/* Threads that read ahead for one reader do not decode what another one of them decodes. */
static void test_decoded_together(void **state)
{
    struct world *world = *state;
    struct random random = random_case(54);
    struct toy_file file = toy_make(&random, 8 * MOST);

    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < 2; i++) {
        struct source *source =
            toy_source(world, &file, i == 0 ? &checked_content : &trusted_content);
        struct reading reading = open_toy(source);
        struct shared shared = {world, &file, &reading};
        const uint64_t before = atomic_load(&toy_decoded);
        run_threads(AHEAD, read_ahead, &shared);
        assert_in_range(atomic_load(&toy_decoded) - before, file.size, file.size * 3 / 2);
        reading_close(&reading);
        source_unref(source);
    }
    toy_free(&file);
}

/* --- damage ----------------------------------------------------------------------------------- */

/* The unit that is wrong is EIO, whatever is asked first; the units of other parts are right. */
static void test_damaged(void **state)
{
    struct world *world = *state;
    struct random random = random_case(60);
    struct toy_file file = {.plain = NULL};
    uint8_t *buffer = malloc(MOST);

    assert_non_null(buffer);
    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < 10; i++)
        toy_add(&file, &random, TOY_STEP + 1000);
    const uint64_t unit = TOY_STEP + 1000;
    file.bytes[5 * (unit + TOY_HEADER) + TOY_HEADER + 1234] ^= 1;
    struct source *source = toy_source(world, &file, &checked_content);
    struct reading reading = open_toy(source);
    assert_int_equal(content_read(&reading, buffer, 10, 5 * unit), -EIO);
    assert_int_equal(content_read(&reading, buffer, 10, 6 * unit - 10), -EIO);
    assert_int_equal(content_read(&reading, buffer, 20, 5 * unit - 10), -EIO);
    assert_int_equal(content_read(&reading, buffer, (size_t)(5 * unit), 0), 0);
    assert_memory_equal(buffer, file.plain, 5 * unit);
    assert_int_equal(content_read(&reading, buffer, (size_t)(4 * unit), 6 * unit), 0);
    assert_memory_equal(buffer, file.plain + 6 * unit, 4 * unit);
    reading_close(&reading);
    source_unref(source);
    toy_free(&file);
    free(buffer);
}

/* A file that ends within a unit, and one that has garbage: what is before is right. */
static void test_cut(void **state)
{
    struct world *world = *state;
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < 8; i++) {
        struct random random = random_case(70 + i);
        struct toy_file file = toy_make(&random, 2 * MIB);
        uint8_t byte = 0;
        toy_add(&file, &random, 1000);
        const uint64_t good = file.size - 1000;
        if (i % 2 == 0)
            file.length = file.last + random_between(&random, 1, 1000);
        else
            file.bytes[file.last] = 'X';
        struct source *source = toy_source(world, &file, &trusted_content);
        struct reading reading = open_toy(source);
        assert_true(reading.size > good);
        check_reads(&reading, &(struct toy_file){.plain = file.plain, .size = good}, &random, 10);
        assert_threads_passed();
        assert_int_equal(content_read(&reading, &byte, 1, good), -EIO);
        assert_int_equal(content_read(&reading, &byte, 1, reading.size - 1), -EIO);
        reading_close(&reading);
        source_unref(source);
        toy_free(&file);
    }
}

/* --- appends ---------------------------------------------------------------------------------- */

/* The map goes on from its last unit; a handle of before keeps its size. */
static void test_appended(void **state)
{
    struct world *world = *state;
    struct random random = random_case(80);
    struct toy_file file = toy_make(&random, MIB);
    struct source *source = toy_source(world, &file, &checked_content);
    struct reading reading = open_toy(source);

    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < 2; i++) {
        const struct toy_file old = file;
        toy_add(&file, &random, (uint32_t)random_below(&random, 300 * KIB));
        /* The last unit comes in two parts. */
        const uint64_t half = old.length + (file.length - old.length) / 2;
        scratch_append(&world->scratch, "toy", file.bytes + old.length, half - old.length);
        scratch_append(&world->scratch, "toy", file.bytes + half, file.length - half);
        sleep_ms(1010); /* else the old map is good enough */
        struct reading fresh = open_toy(source);
        assert_int_equal(fresh.size, file.size);
        assert_int_equal(reading.size, old.size);
        check_reads(&fresh, &file, &random, 20);
        assert_threads_passed();
        reading_close(&reading);
        reading = fresh;
    }
    reading_close(&reading);
    source_unref(source);
    toy_free(&file);
}

/* Why units of the old map cannot be decoded is still known when it goes on. */
static void test_reason_is_kept(void **state)
{
    const struct codec_place start = {.starts_unit = true};
    const struct codec_walk first = {
        .file = 10, .plain = 5, .end = CODEC_WHOLE, .reason = CODEC_NEEDS_DICTIONARY};
    const struct codec_walk second = {.file = 20, .plain = 9, .end = CODEC_WHOLE};
    struct content_map *old = content_map_new(&checked_codec, NULL);

    (void)state;
    assert_non_null(old);
    assert_int_equal(content_map_add_place(old, &start), 0);
    assert_int_equal(content_map_finish(old, &first, 10), 0);
    struct content_map *map = content_map_new(&checked_codec, old);
    assert_non_null(map);
    assert_int_equal(content_map_finish(map, &second, 20), 0);
    assert_int_equal(map->reason, CODEC_NEEDS_DICTIONARY);
    content_map_unref(map);
    content_map_unref(old);
}

int main(void)
{
#define COMPRESSED_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        COMPRESSED_TEST(test_reads),
        COMPRESSED_TEST(test_many_readers),
        COMPRESSED_TEST(test_large_decoder),
        COMPRESSED_TEST(test_large_decoder_goes_on),
        COMPRESSED_TEST(test_claimed_run_gives_way),
        COMPRESSED_TEST(test_any_limit),
        COMPRESSED_TEST(test_decoded_once),
        COMPRESSED_TEST(test_damaged),
        COMPRESSED_TEST(test_cut),
        COMPRESSED_TEST(test_appended),
        COMPRESSED_TEST(test_decoded_together),
        cmocka_unit_test(test_reason_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
