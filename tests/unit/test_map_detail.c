/* SPDX-License-Identifier: MIT */
/*
 * map_detail: of a part with many units, those that are damaged cannot be had, and all others can,
 * in whatever order they are read. Each damaged unit is reported once.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/content/content.h"
#include "core/content/map_detail.h"
#include "core/content/map_note.h"
#include "core/file/fault_guard.h"
#include "tests/unit/toy_file.h"

enum { UNITS = 160, LONGEST = 4000, DAMAGES = 6, READS = 15, READERS = 4 };

static const struct codec codecs[] = {
    TOY_CODEC(true),
    TOY_CODEC_WITH(true, NULL, toy_check),
    TOY_CODEC_WITH(true, toy_skip, toy_check),
    TOY_CODEC_WITH(true, toy_skip, NULL),
};
static const struct content_type contents[] = {
    COMPRESSED_CONTENT("toy", 77, &codecs[0]),
    COMPRESSED_CONTENT("toy", 77, &codecs[1]),
    COMPRESSED_CONTENT("toy", 77, &codecs[2]),
    COMPRESSED_CONTENT("toy", 77, &codecs[3]),
};

/* --- files ------------------------------------------------------------------------------------ */

struct unit {
    uint64_t file;
    uint64_t from; /* plain bytes */
    uint64_t to;
    bool damaged;
};

/* A file of a few parts, each of many units. Every fifth one is empty. */
struct units {
    struct toy_file file;
    struct unit of[UNITS];
};

static struct units *units_make(struct random *random)
{
    struct units *units = calloc(1, sizeof(*units));

    assert_non_null(units);
    for (unsigned i = 0; i < UNITS; i++) {
        struct unit *unit = &units->of[i];
        *unit = (struct unit){.file = units->file.length, .from = units->file.size};
        toy_add(&units->file, random,
                i % 5 == 4 ? 0 : (uint32_t)random_between(random, LONGEST / 2, LONGEST));
        unit->to = units->file.size;
    }
    return units;
}

static void units_free(struct units *units)
{
    toy_free(&units->file);
    free(units);
}

/* Any byte that is not the header's: else the units after it cannot be found. */
static void units_damage(struct units *units, unsigned number, struct random *random)
{
    struct unit *unit = &units->of[number];
    const uint64_t at = unit->file + TOY_HEADER + random_below(random, unit->to - unit->from);

    units->file.bytes[at] ^= (uint8_t)(1U << random_below(random, 8));
    unit->damaged = true;
}

static void units_mend(struct units *units)
{
    for (unsigned i = 0; i < UNITS; i++) {
        const struct unit *unit = &units->of[i];
        units->of[i].damaged = false;
        (void)toy_write(units->file.plain + unit->from, (uint32_t)(unit->to - unit->from),
                        units->file.bytes + unit->file);
    }
}

static unsigned random_unit(struct random *random)
{
    return (unsigned)random_below(random, UNITS / 5) * 5 + (unsigned)random_below(random, 4);
}

static bool needs_damaged(const struct units *units, uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < UNITS; i++)
        if (units->of[i].damaged && units->of[i].from < end && units->of[i].to > start)
            return true;
    return false;
}

static unsigned count_damaged(const struct units *units)
{
    unsigned count = 0;
    for (unsigned i = 0; i < UNITS; i++)
        count += units->of[i].damaged;
    return count;
}

/* --- reading ---------------------------------------------------------------------------------- */

static atomic_uint troubles;
static char trouble[300]; /* the last one */

static void note_trouble(void *argument, const char *kind, const char *path, const char *text)
{
    (void)argument;
    (void)kind;
    (void)path;
    if (atomic_fetch_add(&troubles, 1) == 0)
        (void)snprintf(trouble, sizeof(trouble), "%s", text);
}

static void check_read(const struct reading *reading, const struct units *units, uint64_t start,
                       size_t length)
{
    uint8_t *got = malloc(length);

    THREAD_CHECK(got != NULL);
    const int error = got != NULL ? content_read(reading, got, length, start) : 0;
    if (needs_damaged(units, start, start + length))
        THREAD_CHECK(error == -EIO);
    else
        THREAD_CHECK(error == 0 && memcmp(got, units->file.plain + start, length) == 0);
    free(got);
}

/* Ranges of all lengths, many of which begin or end where a unit does. */
static void check_some(const struct reading *reading, const struct units *units,
                       struct random *random, unsigned reads)
{
    for (unsigned i = 0; i < reads; i++) {
        const uint64_t most = random_chance(random, 30) ? 300 * KIB : 2 * LONGEST;
        const struct unit *unit = &units->of[random_unit(random)];
        const uint64_t start =
            random_chance(random, 50) ? unit->from : random_below(random, units->file.size);
        uint64_t end = start + random_between(random, 1, most);
        if (random_chance(random, 30) && unit->to > start)
            end = unit->to;
        check_read(reading, units, start, (size_t)(min_u64(end, units->file.size) - start));
    }
}

static void check_each_unit(const struct reading *reading, const struct units *units)
{
    for (unsigned i = 0; i < UNITS; i++)
        if (units->of[i].to > units->of[i].from)
            check_read(reading, units, units->of[i].from,
                       (size_t)(units->of[i].to - units->of[i].from));
}

static struct source *open_units(struct world *world, const struct units *units,
                                 const struct content_type *content, struct reading *reading)
{
    struct source *source = toy_source(world, &units->file, content);

    world->pool.on_trouble = note_trouble;
    atomic_store(&troubles, 0);
    *reading = open_toy(source);
    assert_int_equal(reading->size, units->file.size);
    assert_true(map_note_walked(map_note_of(reading->generation)) == units->file.length);
    return source;
}

static void check_report(const struct unit *unit)
{
    char expected[300];
    (void)snprintf(expected, sizeof(expected),
                   "damaged after byte %llu: of plain/, the %llu bytes from %llu on cannot be read",
                   (unsigned long long)unit->file, (unsigned long long)(unit->to - unit->from),
                   (unsigned long long)unit->from);
    assert_string_equal(trouble, expected);
}

/* The damaged units alone cannot be had, and each is reported once. */
static void check_units(struct world *world, const struct units *units,
                        const struct content_type *content, struct random *random)
{
    struct reading reading;
    struct source *source = open_units(world, units, content, &reading);

    if (random_chance(random, 50))
        check_some(&reading, units, random, READS);
    check_each_unit(&reading, units);
    check_some(&reading, units, random, READS);
    assert_threads_passed();
    assert_int_equal(atomic_load(&troubles), count_damaged(units));
    reading_close(&reading);
    source_unref(source);
}

static void test_each_unit(void **state)
{
    struct random random = random_case(1);
    struct units *units = units_make(&random);

    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < DAMAGES * LENGTH_OF(contents); i++) {
        /* The first and the last of the file, those where parts meet, and any. */
        const unsigned number = i < 4    ? 0
                                : i < 8  ? UNITS - 2
                                : i < 12 ? TOY_STEP * 5 / 4 / 3000
                                         : random_unit(&random);
        units_damage(units, number, &random);
        check_units(*state, units, &contents[i % LENGTH_OF(contents)], &random);
        check_report(&units->of[number]);
        units_mend(units);
    }
    units_free(units);
}

/* Several units, in one part and in others. Each is reported once, in whatever order they come. */
static void test_several_units(void **state)
{
    struct random random = random_case(2);
    struct units *units = units_make(&random);

    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < LENGTH_OF(contents); i++) {
        for (unsigned k = 0; k < 2 + i; k++) {
            const unsigned number = random_unit(&random);
            if (!units->of[number].damaged)
                units_damage(units, number, &random);
        }
        check_units(*state, units, &contents[i], &random);
        units_mend(units);
    }
    units_free(units);
}

/* All are damaged: nothing can be had. */
static void test_all_units(void **state)
{
    struct random random = random_case(3);
    struct units *units = units_make(&random);

    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < UNITS; i++)
        if (i % 5 != 4)
            units_damage(units, i, &random);
    check_units(*state, units, &contents[0], &random);
    units_free(units);
}

/* --- many readers ----------------------------------------------------------------------------- */

struct shared {
    const struct units *units;
    const struct reading *reading;
};

static void read_some(void *argument, unsigned index)
{
    const struct shared *shared = argument;
    struct random random = random_case(100 + index);
    check_some(shared->reading, shared->units, &random, 4 * READS);
}

static void test_many_readers(void **state)
{
    struct random random = random_case(4);
    struct units *units = units_make(&random);

    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < LENGTH_OF(contents); i++) {
        struct reading reading;
        units_damage(units, 20 + i, &random);
        struct source *source = open_units(*state, units, &contents[i], &reading);
        const struct shared shared = {units, &reading};
        run_threads(READERS, read_some, (void *)&shared);
        check_each_unit(&reading, units);
        assert_threads_passed();
        assert_int_equal(atomic_load(&troubles), count_damaged(units));
        reading_close(&reading);
        source_unref(source);
        units_mend(units);
    }
    units_free(units);
}

/* --- a detail itself -------------------------------------------------------------------------- */

static int read_memory(void *argument, void *buffer, size_t length, uint64_t offset)
{
    memcpy(buffer, (const uint8_t *)argument + offset, length);
    return 0;
}

/* It has all units of its part and no others, and is made once for several threads that ask. */
static void test_a_detail(void **state)
{
    struct random random = random_case(5);
    struct units *units = units_make(&random);
    struct reading reading;
    struct source *source = open_units(*state, units, &contents[0], &reading);
    struct content_map *map = map_note_get(map_note_of(reading.generation));
    const struct codec_file file = {read_memory, units->file.bytes, units->file.length};
    uint64_t plain = 0;
    size_t count = 0;

    assert_in_range(map->count, 2, 10);
    for (size_t part = 0; part < map->count; part++) {
        struct content_map *detail = NULL;
        struct content_map *again = NULL;
        assert_int_equal(map_detail_get(map, part, &file, &detail), 0);
        assert_int_equal(map_detail_get(map, part, &file, &again), 0);
        assert_ptr_equal(detail, again);
        for (size_t i = 0; i < detail->count; i++, count++) {
            assert_int_equal(detail->places[i].file, units->of[count].file);
            assert_int_equal(detail->places[i].plain, units->of[count].from);
            plain = units->of[count].to;
        }
        assert_int_equal(plain, content_map_part_end(map, part));
        assert_int_equal(content_map_part_end(detail, detail->count - 1), plain);
        content_map_unref(detail);
        content_map_unref(again);
    }
    assert_int_equal(count, UNITS - 1); /* the last one is empty */
    content_map_unref(map);
    reading_close(&reading);
    source_unref(source);
    units_free(units);
}

int main(void)
{
#define DETAIL_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        DETAIL_TEST(test_each_unit), DETAIL_TEST(test_several_units),
        DETAIL_TEST(test_all_units), DETAIL_TEST(test_many_readers),
        DETAIL_TEST(test_a_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
