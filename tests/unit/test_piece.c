/* SPDX-License-Identifier: MIT */
/* piece: ranges joined and cut as bytes would be, and read one after the other. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/content/piece.h"

/* The offsets in the source of all bytes of a small piece. */
struct model {
    uint64_t offsets[256];
    size_t count;
};

static struct model model_of(const struct piece *piece)
{
    struct model model = {.count = 0};
    for (unsigned i = 0; i < piece->count; i++)
        for (uint64_t k = 0; k < piece->ranges[i].length; k++)
            model.offsets[model.count++] = piece->ranges[i].offset + k;
    return model;
}

static void assert_sound(const struct piece *piece)
{
    assert_in_range(piece->count, 0, PIECE_MOST_RANGES);
    for (unsigned i = 0; i < piece->count; i++)
        assert_true(piece->ranges[i].length > 0);
}

static struct piece random_piece(struct random *random)
{
    struct piece piece = {0};
    for (int i = 0; i < PIECE_MOST_RANGES; i++)
        piece_add(&piece, random_below(random, 120), random_below(random, 60));
    return piece;
}

static void test_add(void **state)
{
    struct piece piece = {0};
    (void)state;

    assert_int_equal(piece_length(&piece), 0);
    piece_add(&piece, 10, 0);
    assert_int_equal(piece.count, 0);
    piece_add(&piece, 10, 5);
    piece_add(&piece, 3, 0);
    assert_int_equal(piece.count, 1);
    piece_add(&piece, 15, 1); /* follows on: joined */
    assert_int_equal(piece.count, 1);
    piece_add(&piece, 17, 3); /* leaves a byte out: another range */
    assert_int_equal(piece.count, 2);
    assert_int_equal(piece.ranges[0].offset, 10);
    assert_int_equal(piece.ranges[0].length, 6);
    assert_int_equal(piece.ranges[1].offset, 17);
    assert_int_equal(piece.ranges[1].length, 3);
    assert_int_equal(piece_length(&piece), 9);
}

/* Ranges are in the order they were added, not in that of the source. */
static void test_add_backwards(void **state)
{
    struct piece piece = {0};
    (void)state;

    piece_add(&piece, 10, 5);
    piece_add(&piece, 5, 5);
    assert_int_equal(piece.count, 2);
    assert_int_equal(piece.ranges[1].offset, 5);
}

static void test_equal(void **state)
{
    struct random random = random_case(0);
    (void)state;

    for (int i = 0; i < 2000; i++) {
        struct piece one = random_piece(&random);
        struct piece other = random_piece(&random);
        struct model a = model_of(&one);
        struct model b = model_of(&other);
        bool same = a.count == b.count && memcmp(a.offsets, b.offsets, a.count * 8) == 0;
        assert_true(piece_equal(&one, &one));
        assert_int_equal(piece_equal(&one, &other), same);
        if (one.count == 0)
            continue;
        other = one;
        other.ranges[one.count - 1].length++;
        assert_false(piece_equal(&one, &other));
        other = one;
        other.ranges[0].offset++;
        assert_false(piece_equal(&one, &other));
    }
}

/* A slice is what taking the bytes one by one gives. */
static void test_slice(void **state)
{
    struct random random = random_case(1);
    (void)state;

    for (int i = 0; i < 20000; i++) {
        const struct piece piece = random_piece(&random);
        const struct model whole = model_of(&piece);
        uint64_t offset = random_below(&random, 130);
        uint64_t length = random_below(&random, 130);
        const struct piece slice = piece_slice(&piece, offset, length);
        const struct model part = model_of(&slice);
        const uint64_t expected = min_u64(length, saturating_sub(whole.count, offset));

        assert_sound(&slice);
        assert_int_equal(piece_length(&slice), expected);
        assert_int_equal(part.count, expected);
        if (expected > 0)
            assert_memory_equal(part.offsets, &whole.offsets[offset], expected * 8);
    }
}

/* At the far end of what a file can be, and with requests beyond it, nothing wraps. */
static void test_slice_extremes(void **state)
{
    struct piece piece = {0};
    (void)state;

    piece_add(&piece, 0, 100);
    piece_add(&piece, 200, OFFSET_MAX - 200);
    assert_int_equal(piece_length(&piece), OFFSET_MAX - 100);

    struct piece last = piece_slice(&piece, OFFSET_MAX - 101, UINT64_MAX);
    assert_int_equal(last.count, 1);
    assert_int_equal(last.ranges[0].offset, OFFSET_MAX - 1);
    assert_int_equal(last.ranges[0].length, 1);
    struct piece all = piece_slice(&piece, 0, UINT64_MAX);
    assert_true(piece_equal(&all, &piece));
    struct piece nothing = piece_slice(&piece, OFFSET_MAX, UINT64_MAX);
    assert_int_equal(nothing.count, 0);
    nothing = piece_slice(&piece, UINT64_MAX, UINT64_MAX);
    assert_int_equal(nothing.count, 0);
    nothing = piece_slice(&piece, 50, 0);
    assert_int_equal(nothing.count, 0);
    nothing = piece_slice(&nothing, 0, 1);
    assert_int_equal(nothing.count, 0);
}

enum { FILE_SIZE = 200 * 1024 };

/* A header and data, an empty piece, and random ones read as the file says. */
static void test_read(void **state)
{
    struct world *world = *state;
    struct random random = random_case(2);
    static uint8_t file[FILE_SIZE];
    static uint8_t got[FILE_SIZE * PIECE_MOST_RANGES];

    pattern_fill(file, sizeof(file), 0, 1);
    scratch_write(&world->scratch, "file", file, sizeof(file));
    struct reading reading = reading_world_pin(world, "file");
    for (int i = 0; i < 300; i++) {
        struct piece piece = {0};
        uint64_t header = random_below(&random, 4096);
        uint64_t start = random_between(&random, header, FILE_SIZE);
        uint64_t length = random_between(&random, 0, FILE_SIZE - start);
        piece_add(&piece, 0, header);
        piece_add(&piece, start, length);
        assert_int_equal(piece_read(&piece, &reading, got), 0);
        assert_memory_equal(got, file, header);
        assert_memory_equal(got + header, file + start, length);
    }
    reading_close(&reading);
}

/* A piece of an old generation is not read, nor is one that is longer than the file. */
static void test_read_fails(void **state)
{
    struct world *world = *state;
    const char bytes[] = "some bytes that will be cut";
    char got[64];
    struct piece piece = {0};

    piece_add(&piece, 0, 4);
    piece_add(&piece, 10, 8);
    scratch_write(&world->scratch, "file", bytes, sizeof(bytes));
    struct reading reading = reading_world_pin(world, "file");
    scratch_truncate(&world->scratch, "file", 12);
    assert_int_equal(piece_read(&piece, &reading, got), -ESTALE);
    struct reading fresh = reading_again(&reading);
    assert_int_equal(piece_read(&piece, &fresh, got), -EIO);
    reading_close(&fresh);
    reading_close(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_add_backwards),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_slice),
        cmocka_unit_test(test_slice_extremes),
        cmocka_unit_test_setup_teardown(test_read, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_read_fails, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
