/* SPDX-License-Identifier: MIT */
/* map_note: which map is good enough for which request. */
#include "tests/unit/support.h"

#include <errno.h>

#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/content/map_note.h"
#include "tests/unit/toy_codec.h"

static const struct codec codec = TOY_CODEC(true);

struct noted {
    struct reading reading;
    struct map_note *note;
};

static struct noted open_note(struct world *world)
{
    struct noted noted;

    scratch_write(&world->scratch, "file", "x", 1);
    noted.reading = reading_world_look(world, "file");
    noted.note = map_note_of(noted.reading.generation);
    assert_non_null(noted.note);
    return noted;
}

static void put(struct map_note *note, uint64_t plain, uint64_t walked, int64_t looked)
{
    struct content_map *map = content_map_new(&codec, NULL);

    assert_non_null(map);
    map->size = plain;
    map_note_put(note, map, walked, looked);
    content_map_unref(map);
}

static void test_nothing_is_known(void **state)
{
    struct noted noted = open_note(*state);

    assert_int_equal(map_note_serves(noted.note, 0, 0), -AWAITS_INDEX);
    assert_int_equal(map_note_serves(noted.note, 100, 1), -AWAITS_INDEX);
    assert_null(map_note_get(noted.note));
    assert_int_equal(map_note_size(noted.note), 0);
    assert_int_equal(map_note_walked(noted.note), 0);
    assert_int_equal(map_note_kept(noted.note), 0);
    reading_close(&noted.reading);
}

/* A map of all of the file is good enough for everyone, however old it is. */
static void test_of_all_of_the_file(void **state)
{
    struct noted noted = open_note(*state);

    put(noted.note, 500, 100, 1);
    assert_int_equal(map_note_serves(noted.note, 100, 0), 0);
    assert_int_equal(map_note_serves(noted.note, 99, 0), 0);
    assert_int_equal(map_note_serves(noted.note, 100, INT64_MAX), 0);
    assert_int_equal(map_note_size(noted.note), 500);
    assert_int_equal(map_note_walked(noted.note), 100);
    reading_close(&noted.reading);
}

/* A map of a first part is good enough for a request that came before the file was looked at. */
static void test_of_a_first_part(void **state)
{
    struct noted noted = open_note(*state);
    const int64_t now = clock_ms();

    put(noted.note, 500, 100, now);
    assert_int_equal(map_note_serves(noted.note, 101, now - 1), 0);
    assert_int_equal(map_note_serves(noted.note, 101, now), -AWAITS_INDEX);
    assert_int_equal(map_note_serves(noted.note, 101, now + 1), -AWAITS_INDEX);
    assert_int_equal(map_note_serves(noted.note, UINT64_MAX, 1), 0);
    reading_close(&noted.reading);
}

/* If it is not known since when it waits, a second ago is good enough. */
static void test_a_second_ago(void **state)
{
    struct noted noted = open_note(*state);

    put(noted.note, 500, 100, clock_ms() - 1100);
    assert_int_equal(map_note_serves(noted.note, 101, 0), -AWAITS_INDEX);
    assert_int_equal(map_note_serves(noted.note, 100, 0), 0);
    put(noted.note, 500, 100, clock_ms());
    assert_int_equal(map_note_serves(noted.note, 101, 0), 0);
    reading_close(&noted.reading);
}

/* That there can be no map holds for as long as a map would. */
static void test_refused(void **state)
{
    struct noted noted = open_note(*state);
    const int64_t now = clock_ms();

    map_note_refuse(noted.note, 100, now);
    assert_int_equal(map_note_serves(noted.note, 100, 0), -ENOENT);
    assert_int_equal(map_note_serves(noted.note, 101, now - 1), -ENOENT);
    assert_int_equal(map_note_serves(noted.note, 101, now), -AWAITS_INDEX);
    assert_null(map_note_get(noted.note));
    put(noted.note, 500, 200, now);
    assert_int_equal(map_note_serves(noted.note, 200, 0), 0);
    reading_close(&noted.reading);
}

/* The map of more of the file stays. */
static void test_the_longer_one_stays(void **state)
{
    struct noted noted = open_note(*state);
    const int64_t now = clock_ms();

    put(noted.note, 500, 100, now);
    put(noted.note, 300, 60, now + 10);
    assert_int_equal(map_note_size(noted.note), 500);
    assert_int_equal(map_note_walked(noted.note), 100);
    assert_int_equal(map_note_serves(noted.note, 101, now), -AWAITS_INDEX);
    put(noted.note, 501, 100, now + 10); /* of as much: the newer one */
    assert_int_equal(map_note_size(noted.note), 501);
    assert_int_equal(map_note_serves(noted.note, 101, now), 0);
    put(noted.note, 700, 140, now + 20);
    assert_int_equal(map_note_size(noted.note), 700);
    map_note_set_kept(noted.note, 140);
    assert_int_equal(map_note_kept(noted.note), 140);
    struct content_map *map = map_note_get(noted.note);
    assert_int_equal(map->size, 700);
    content_map_unref(map);
    reading_close(&noted.reading);
}

int main(void)
{
#define NOTE_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        NOTE_TEST(test_nothing_is_known), NOTE_TEST(test_of_all_of_the_file),
        NOTE_TEST(test_of_a_first_part),  NOTE_TEST(test_a_second_ago),
        NOTE_TEST(test_refused),          NOTE_TEST(test_the_longer_one_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
