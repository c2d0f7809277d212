/* SPDX-License-Identifier: MIT */
/*
 * The promise of `lines` as a whole: pieces concatenate to the file, and a record belongs to the
 * piece in whose nominal range its first byte lies. Thousands of random files and partitions, from
 * partition, boundary and piece together, against a model that shares no code with them.
 */
#include "tests/unit/support.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/content/piece.h"
#include "core/file/fault_guard.h"
#include "core/format/lines.h"
#include "core/record/boundary.h"
#include "core/view/partition.h"

enum { KIB = 1024, MOST_PIECES = 100, CASES = 5000, LARGE_CASES = 40 };

static int setup(void **state)
{
    const struct world_limits limits = {16, 128 * KIB, 256 * KIB};
    return world_make(state, &limits);
}

struct text {
    uint8_t *bytes;
    uint64_t size;
};

static struct text text_make(uint64_t size, int filler)
{
    struct text text = {.bytes = malloc(size + 1), .size = size};
    assert_non_null(text.bytes);
    memset(text.bytes, filler, size);
    return text;
}

/* The shapes of issue 2: one function each. `most` bounds the size. */

static struct text make_lines(struct random *random, uint64_t most, uint64_t most_line)
{
    struct text text = text_make(random_between(random, 1, most), 'a');
    for (uint64_t at = random_below(random, most_line); at < text.size;
         at += random_between(random, 1, most_line))
        text.bytes[at] = '\n';
    return text;
}

static struct text make_empty(struct random *random, uint64_t most)
{
    (void)random;
    (void)most;
    return text_make(0, 'a');
}

static struct text make_one_byte(struct random *random, uint64_t most)
{
    (void)most;
    return text_make(1, random_chance(random, 50) ? '\n' : 'a');
}

static struct text make_ordinary(struct random *random, uint64_t most)
{
    return make_lines(random, most, random_between(random, 1, 200));
}

static struct text make_unterminated(struct random *random, uint64_t most)
{
    struct text text = make_lines(random, most, 100);
    text.bytes[text.size - 1] = 'z';
    return text;
}

static struct text make_terminated(struct random *random, uint64_t most)
{
    struct text text = make_lines(random, most, 100);
    text.bytes[text.size - 1] = '\n';
    return text;
}

static struct text make_newlines(struct random *random, uint64_t most)
{
    return text_make(random_between(random, 1, most), '\n');
}

/* One line, with or without a few others before and after it. */
static struct text make_huge_line(struct random *random, uint64_t most)
{
    struct text text = text_make(random_between(random, 1, most), 'h');
    for (uint64_t i = random_below(random, 4); i > 0; i--) {
        uint64_t from_end = random_below(random, text.size < 50 ? text.size : 50);
        text.bytes[random_chance(random, 50) ? from_end : text.size - 1 - from_end] = '\n';
    }
    return text;
}

static struct text make_crlf(struct random *random, uint64_t most)
{
    struct text text = make_lines(random, most, 60);
    for (uint64_t at = 1; at < text.size; at++)
        if (text.bytes[at] == '\n' && text.bytes[at - 1] != '\n')
            text.bytes[at - 1] = '\r';
    return text;
}

static struct text make_binary(struct random *random, uint64_t most)
{
    struct text text = text_make(random_between(random, 1, most), 0);
    const bool random_bytes = random_chance(random, 70);
    for (uint64_t at = 0; at < text.size; at++)
        if (random_bytes || random_chance(random, 1))
            text.bytes[at] = (uint8_t)random_next(random);
    return text;
}

/* Long and short lines side by side. */
static struct text make_uneven(struct random *random, uint64_t most)
{
    struct text text = text_make(random_between(random, 1, most), 'u');
    for (uint64_t at = 0; at < text.size; at += random_between(random, 1, text.size / 2 + 1))
        for (uint64_t i = 0; i < 20 && at + i < text.size; i += random_between(random, 1, 5))
            text.bytes[at + i] = '\n';
    return text;
}

typedef struct text shape(struct random *random, uint64_t most);

static shape *const shapes[] = {
    make_empty,    make_one_byte,  make_ordinary, make_unterminated, make_terminated,
    make_newlines, make_huge_line, make_crlf,     make_binary,       make_uneven,
};

/* Sizes of exactly k pieces, one less, one more; any size; counts, including more than bytes. */
static struct partition random_partition(struct random *random, uint64_t size)
{
    const uint64_t pieces = random_between(random, 1, MOST_PIECES / 2);

    if (random_chance(random, 50))
        return (struct partition){true, random_between(random, 1, MOST_PIECES)};
    uint64_t value = size / pieces;
    if (random_chance(random, 40))
        value += random_between(random, 0, 2);
    else if (value > 1)
        value--;
    if (value == 0 || size / value >= MOST_PIECES)
        value = size / MOST_PIECES + 1;
    return (struct partition){false, value};
}

/* The nominal end of piece `index`, computed in another way than in partition.c. */
static uint64_t nominal_end(const struct partition *partition, uint64_t size, uint64_t index)
{
    uint64_t end = 0;

    if (!partition->by_count)
        return (index + 1) * partition->value < size ? (index + 1) * partition->value : size;
    for (uint64_t i = 0; i <= index; i++)
        end += size / partition->value + (i < size % partition->value ? 1 : 0);
    return end;
}

/* Where each piece ends (model[k] is the end of piece k), found by visiting all records. */
static void model_ends(const struct text *text, const struct partition *partition, uint64_t count,
                       uint64_t *ends)
{
    uint64_t owner = 0;
    uint64_t start = 0; /* of a record */

    for (uint64_t k = 0; k < count; k++)
        ends[k] = 0;
    while (start < text->size) {
        uint64_t end = start;
        while (end < text->size && text->bytes[end] != '\n')
            end++;
        end = end < text->size ? end + 1 : end;
        while (start >= nominal_end(partition, text->size, owner))
            owner++;
        ends[owner] = end;
        start = end;
    }
    for (uint64_t k = 1; k < count; k++)
        if (ends[k] == 0) /* owns no record: empty, after the one before */
            ends[k] = ends[k - 1];
}

/* The boundaries of all pieces, asked for in random order: knowledge must not change an answer. */
static void find_boundaries(const struct reading *reading, const struct partition *partition,
                            uint64_t size, uint64_t count, struct random *random,
                            uint64_t *boundaries)
{
    uint64_t order[MOST_PIECES + 1];

    for (uint64_t k = 0; k <= count; k++) {
        uint64_t other = random_between(random, 0, k);
        order[k] = order[other];
        order[other] = k;
    }
    assert_int_equal(reading->size, size);
    for (uint64_t i = 0; i <= count; i++) {
        uint64_t place = partition_start(partition, size, order[i]);
        assert_int_equal(boundary_find(reading, &lines_format, place, &boundaries[order[i]]), 0);
    }
}

/* Reads a piece and adds it to what was read before. */
static uint64_t append_piece(const struct reading *reading, uint64_t start, uint64_t end,
                             uint8_t *whole, uint64_t room, uint64_t length)
{
    struct piece piece = {0};

    assert_true(start <= end);
    assert_true(end - start <= room - length);
    piece_add(&piece, start, end - start);
    assert_int_equal(piece_read(&piece, reading, whole + length), 0);
    return length + piece_length(&piece);
}

static void check_cover(const struct reading *reading, const struct text *text,
                        const struct partition *partition, struct random *random)
{
    const uint64_t count = partition_count(partition, text->size);
    uint64_t boundaries[MOST_PIECES + 1];
    uint64_t ends[MOST_PIECES + 1];
    uint8_t *whole = malloc(text->size + 1);
    uint64_t length = 0;

    assert_non_null(whole);
    assert_in_range(count, 0, MOST_PIECES);
    find_boundaries(reading, partition, text->size, count, random, boundaries);
    model_ends(text, partition, count, ends);
    for (uint64_t k = 0; k < count; k++) {
        length = append_piece(reading, boundaries[k], boundaries[k + 1], whole, text->size, length);
        assert_int_equal(length,
                         ends[k]); /* all records up to here, and no record of another piece */
    }
    assert_int_equal(length, text->size);
    assert_memory_equal(whole, text->bytes, text->size);
    free(whole);
}

static void check_case(struct world *world, uint64_t number, uint64_t most)
{
    struct random random = random_case(number);
    struct text text = shapes[random_below(&random, LENGTH_OF(shapes))](&random, most);

    (void)unlinkat(world->scratch.directory, "text", 0);
    scratch_write(&world->scratch, "text", text.bytes, text.size);
    struct reading reading = reading_world_pin(world, "text");
    for (int i = 0; i < 4; i++) {
        const struct partition partition = random_partition(&random, text.size);
        check_cover(&reading, &text, &partition, &random);
    }
    reading_close(&reading);
    free(text.bytes);
}

/* Small files, many of them, of every shape. */
static void test_small(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < CASES; i++)
        check_case(*state, i, i % 10 == 0 ? 30 * KIB : 600);
}

/* Files whose long records cross windows, and are scanned through them. */
static void test_large(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < LARGE_CASES; i++)
        check_case(*state, CASES + i, 2048 * KIB);
}

#define COVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COVER_TEST(test_small),
        COVER_TEST(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
