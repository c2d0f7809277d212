/* SPDX-License-Identifier: MIT */
/* word_note: a word is made once for a version, and a change of a sampled block is always seen. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/outcome.h"
#include "core/content/word_note.h"
#include "core/file/fault_guard.h"

enum { SIZE = 1024 * 1024 + 5, MORE = 8 * SIZE, SETTLED_MS = 30 };

static const uint8_t nothing[MORE];

/* A file of pattern 0, pinned and long at rest. */
static struct reading begin_file(struct world *world, const char *name)
{
    uint8_t *bytes = malloc(SIZE);

    assert_int_equal(fault_guard_install(), 0);
    assert_non_null(bytes);
    pattern_fill(bytes, SIZE, 0, 0);
    scratch_write(&world->scratch, name, bytes, SIZE);
    free(bytes);
    struct reading reading = reading_world_pin(world, name);
    sleep_ms(SETTLED_MS);
    return reading;
}

static uint64_t bytes_read_by(struct world *world, const struct reading *reading, uint64_t size,
                              int expected, struct content_word *word)
{
    uint64_t before = atomic_load(&world->pool.bytes_read);
    assert_int_equal(word_find(reading, size, word), expected);
    return atomic_load(&world->pool.bytes_read) - before;
}

static void test_asked_for_once(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a");
    struct content_word word;
    struct content_word again;

    assert_true(bytes_read_by(world, &reading, SIZE, 0, &word) > 0);
    assert_int_equal(bytes_read_by(world, &reading, SIZE, 0, &again), 0);
    assert_true(content_word_equal(&word, &again));
    assert_true(word_is_confirmed(&reading, &word));
    for (uint64_t size = 1; size <= 7; size++) /* others do not push it out */
        assert_true(bytes_read_by(world, &reading, size, 0, &again) > 0);
    assert_int_equal(bytes_read_by(world, &reading, SIZE, 0, &again), 0);
    again.low++;
    assert_false(word_is_confirmed(&reading, &again));
    assert_int_equal(word_confirm(&reading, &again), -ESTALE);
    assert_int_equal(bytes_read_by(world, &reading, SIZE + 1, -ESTALE, &again), 0);
}

static void test_a_copy_has_the_same_word(void **state)
{
    AUTO_READING struct reading one = begin_file(*state, "a");
    AUTO_READING struct reading other = begin_file(*state, "b");
    struct content_word word;

    assert_int_equal(word_find(&one, SIZE / 2, &word), 0);
    assert_int_equal(word_confirm(&other, &word), 0);
}

/* The word of the beginning stays, and is made again for each version. */
static void test_growth(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a");
    struct content_word word;

    assert_int_equal(word_find(&reading, SIZE, &word), 0);
    for (int i = 0; i < 3; i++) {
        scratch_append(&world->scratch, "a", "more", 4);
        assert_int_equal(reading_confirm(&reading), 0);
        assert_false(word_is_confirmed(&reading, &word));
        assert_int_equal(word_confirm(&reading, &word), 0); /* not yet to be remembered */
        sleep_ms(SETTLED_MS);
        assert_int_equal(word_confirm(&reading, &word), 0);
        assert_true(word_is_confirmed(&reading, &word));
    }
}

/* Whether the generation compares this block when a file of `size` bytes has grown. */
static bool is_sampled(uint64_t size, uint64_t place)
{
    for (unsigned i = 0; i < content_sample_count(size); i++)
        if (content_sample_place(size, i) == place)
            return true;
    return place < CONTENT_BLOCK || place + CONTENT_BLOCK > size - CONTENT_BLOCK;
}

/* A rewrite that also grows the file, where the generation does not look. */
static void test_rewritten_and_grown(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a");
    struct content_word word;
    unsigned seen = 0;

    assert_int_equal(word_find(&reading, SIZE, &word), 0);
    scratch_append(&world->scratch, "a", nothing, MORE);
    for (unsigned i = 0; i < content_word_blocks(SIZE); i++) {
        size_t length = 0;
        uint64_t place = content_word_place(SIZE, i, &length);
        uint8_t was = 0;
        if (is_sampled(SIZE, place) && is_sampled(SIZE + MORE, place))
            continue;
        if (place == 0)
            continue;
        AUTO_READING struct reading grown = reading_world_pin(world, "a");
        sleep_ms(SETTLED_MS);
        assert_int_equal(word_confirm(&grown, &word), 0);
        assert_true(word_is_confirmed(&grown, &word));
        pattern_fill(&was, 1, place + 9, 0);
        uint8_t other = (uint8_t)(was + 1);
        scratch_overwrite(&world->scratch, "a", &other, 1, place + 9);
        scratch_append(&world->scratch, "a", "x", 1);
        (void)reading_confirm(&grown);
        assert_int_equal(word_confirm(&grown, &word), -ESTALE);
        seen += generation_is_over(grown.generation) ? 0 : 1;
        scratch_overwrite(&world->scratch, "a", &was, 1, place + 9);
    }
    assert_true(seen > 5); /* the generation itself took these for growth */
}

static void test_another_revision(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a");
    struct content_word word;

    assert_int_equal(word_find(&reading, SIZE, &word), 0);
    assert_int_equal(fchmodat(world->scratch.directory, "a", 0600, 0), 0);
    assert_int_equal(reading_confirm(&reading), 0);
    assert_false(word_is_confirmed(&reading, &word));
    assert_int_equal(word_confirm(&reading, &word), 0);
}

static void test_rewritten(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a");
    struct content_word word;

    assert_int_equal(word_find(&reading, SIZE, &word), 0);
    scratch_let_time_pass(&world->scratch, "a");
    scratch_overwrite(&world->scratch, "a", "X", 1, 0);
    assert_int_equal(reading_confirm(&reading), -ESTALE);
    assert_false(word_is_confirmed(&reading, &word));
    assert_int_equal(word_confirm(&reading, &word), -ESTALE);
    AUTO_READING struct reading after = reading_world_pin(world, "a");
    assert_int_equal(word_confirm(&after, &word), -ESTALE);
    scratch_truncate(&world->scratch, "a", SIZE - 1);
    AUTO_READING struct reading shorter = reading_world_pin(world, "a");
    assert_int_equal(word_confirm(&shorter, &word), -ESTALE);
}

static int doubt_the_time(struct generation_state *state, void *argument)
{
    (void)argument;
    state->doubts |= DOUBT_TIME;
    return 0;
}

/* A time stamp that may stand for a later change too: nothing is remembered. */
static void test_in_doubt(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a");
    struct content_word word;

    assert_int_equal(generation_update(reading.generation, doubt_the_time, NULL), 0);
    assert_int_equal(word_find(&reading, SIZE, &word), 0);
    assert_false(word_is_confirmed(&reading, &word));
    assert_int_equal(word_confirm(&reading, &word), 0); /* the first one has dispelled the doubt */
    assert_true(word_is_confirmed(&reading, &word));
}

static bool always_asked(void *argument)
{
    (void)argument;
    return true;
}

static void test_cancelled(void **state)
{
    const struct cancel cancel = {.asked = always_asked};
    AUTO_READING struct reading reading = begin_file(*state, "a");
    const struct reading cancelled = reading_for(&reading, &cancel);
    struct content_word word;

    assert_int_equal(word_find(&cancelled, SIZE, &word), -CANCELLED);
    assert_int_equal(word_find(&reading, SIZE, &word), 0);
}

static void find_words(void *argument, unsigned index)
{
    const struct reading *reading = argument;
    struct content_word word;

    for (uint64_t i = 0; i < 200; i++) {
        uint64_t size = 1 + (i * 7 + index) % 11;
        THREAD_CHECK(word_find(reading, size, &word) == 0 && word.size == size);
        THREAD_CHECK(word_confirm(reading, &word) == 0);
        (void)word_is_confirmed(reading, &word);
    }
}

static void test_threads(void **state)
{
    AUTO_READING struct reading reading = begin_file(*state, "a");
    run_threads(4, find_words, &reading);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_asked_for_once),   WORLD_TEST(test_a_copy_has_the_same_word),
        WORLD_TEST(test_growth),           WORLD_TEST(test_rewritten_and_grown),
        WORLD_TEST(test_another_revision), WORLD_TEST(test_rewritten),
        WORLD_TEST(test_in_doubt),         WORLD_TEST(test_cancelled),
        WORLD_TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
