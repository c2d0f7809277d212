/* SPDX-License-Identifier: MIT */
/*
 * prefetch: what is copied ahead is the piece's, is given for its own place alone, is bounded, and
 * goes to others when its reader pauses. The piece is a pattern in memory.
 */
#include "tests/unit/support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "fs/serve/prefetch.h"

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    STEP = 256 * KIB, /* the least that is prefetched for */
    BUFFER = 2 * STEP,
    BUFFERS = 4,
    SIZE = 8 * MIB,
};

/* A piece that is read in order. */
struct piece_read {
    struct prefetch prefetch;
    uint64_t kind; /* of its pattern */
    uint64_t size;
    atomic_uint copies;
    atomic_uint prefetched; /* reads that found their bytes */
    atomic_bool failing;
};

static struct prefetch_pool pool;

static int setup(void **state)
{
    (void)state;
    return prefetch_pool_init(&pool, BUFFERS, BUFFER);
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < pool.count; i++) {
        if (pool.stretches[i].owner != NULL || pool.stretches[i].users != 0)
            return -1; /* a stretch that its member has not given back */
    }
    prefetch_pool_destroy(&pool);
    return 0;
}

static int copy(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                struct file_identity *then)
{
    struct piece_read *piece = argument;

    atomic_fetch_add(&piece->copies, 1);
    *got = (size_t)min_u64(size, saturating_sub(piece->size, offset));
    *then = (struct file_identity){.inode = piece->kind};
    pattern_fill(buffer, *got, offset, piece->kind);
    return atomic_load(&piece->failing) ? -1 : 0;
}

static void begin(struct piece_read *piece, uint64_t kind)
{
    memset(piece, 0, sizeof(*piece));
    piece->kind = kind;
    piece->size = SIZE;
    prefetch_init(&piece->prefetch, &pool);
}

/* One read, as an operation makes it. Returns whether its bytes were there. */
static bool read_at(struct piece_read *piece, uint64_t offset, size_t size)
{
    struct prefetch_read read;

    if (!prefetch_concerns(&piece->prefetch, size))
        return false;
    prefetch_begin(&piece->prefetch, offset, size, &read);
    const bool found = read.bytes != NULL;
    if (found) {
        atomic_fetch_add(&piece->prefetched, 1);
        THREAD_CHECK(read.then.inode == piece->kind);
        THREAD_CHECK(pattern_matches(read.bytes, size, offset, piece->kind));
    }
    prefetch_end(&piece->prefetch, &read, copy, piece);
    return found;
}

static unsigned stretches_of(const struct piece_read *piece)
{
    unsigned count = 0;
    for (size_t i = 0; i < pool.count; i++)
        count += pool.stretches[i].owner == &piece->prefetch;
    return count;
}

/* A reader that goes on in large steps finds its bytes, all but the first. */
static void test_in_order(void **state)
{
    struct piece_read piece;
    unsigned found = 0;
    (void)state;

    begin(&piece, 1);
    for (uint64_t offset = 0; offset < SIZE; offset += STEP)
        found += read_at(&piece, offset, STEP);
    assert_threads_passed();
    assert_true(found > SIZE / STEP / 2);
    assert_true(stretches_of(&piece) <= PREFETCH_STRETCHES);
    prefetch_destroy(&piece.prefetch);
}

/* Small steps, and places in no order, are not worth a copy. */
static void test_what_needs_none(void **state)
{
    struct random random = random_case(1);
    struct piece_read piece;
    (void)state;

    begin(&piece, 1);
    for (uint64_t offset = 0; offset < SIZE; offset += STEP - 1)
        (void)read_at(&piece, offset, STEP - 1);
    for (int i = 0; i < 200; i++)
        (void)read_at(&piece, 2 * STEP * random_below(&random, SIZE / STEP / 2) + 1, STEP);
    assert_int_equal(atomic_load(&piece.prefetched), 0);
    prefetch_destroy(&piece.prefetch);
}

/* Runs from random places, of random steps: bytes that are given are those of the place. */
static void test_to_and_fro(void **state)
{
    struct random random = random_case(2);
    struct piece_read piece;
    (void)state;

    begin(&piece, 1);
    for (int i = 0; i < 300; i++) {
        uint64_t offset = random_below(&random, SIZE);
        size_t size = STEP + (size_t)random_below(&random, BUFFER);
        for (uint64_t n = random_below(&random, 8); n > 0 && offset + size <= SIZE; n--) {
            (void)read_at(&piece, offset, size);
            offset += size;
        }
    }
    assert_threads_passed();
    assert_true(atomic_load(&piece.prefetched) > 0);
    prefetch_destroy(&piece.prefetch);
}

/* At the end of the piece, and if a copy would have to wait, nothing is kept. */
static void test_nothing_to_copy(void **state)
{
    struct piece_read piece;
    (void)state;

    begin(&piece, 1);
    atomic_store(&piece.failing, true);
    for (uint64_t offset = 0; offset < SIZE; offset += STEP)
        assert_false(read_at(&piece, offset, STEP));
    assert_true(atomic_load(&piece.copies) > 0);
    assert_int_equal(stretches_of(&piece), 0);
    atomic_store(&piece.failing, false);
    piece.size = 4 * STEP;
    for (uint64_t offset = 0; offset < 4 * STEP; offset += STEP)
        (void)read_at(&piece, offset, STEP);
    assert_int_equal(stretches_of(&piece), 0); /* all has been passed, and there is no more */
    prefetch_destroy(&piece.prefetch);
}

/* A reader that pauses loses what was copied to the next that needs a buffer, and only then. */
static void test_pause(void **state)
{
    struct piece_read idle[BUFFERS];
    struct piece_read late;
    (void)state;

    for (size_t i = 0; i < BUFFERS; i++) {
        begin(&idle[i], i + 1);
        for (uint64_t offset = 0; offset < 4 * STEP; offset += STEP)
            (void)read_at(&idle[i], offset, STEP);
    }
    begin(&late, 99);
    sleep_ms(150);
    for (uint64_t offset = 0; offset < SIZE; offset += STEP)
        (void)read_at(&late, offset, STEP);
    assert_true(atomic_load(&late.prefetched) > SIZE / STEP / 2);
    for (size_t i = 0; i < BUFFERS; i++) {
        (void)read_at(&idle[i], 4 * STEP, STEP); /* whatever it finds is its own */
        prefetch_destroy(&idle[i].prefetch);
    }
    prefetch_destroy(&late.prefetch);
    assert_threads_passed();
}

/* The bytes are those of a moment ago, or none: a reader that pauses gets the file as it is. */
static void test_stale_bytes(void **state)
{
    struct piece_read piece;
    (void)state;

    begin(&piece, 1);
    for (uint64_t offset = 0; offset < 4 * STEP; offset += STEP)
        (void)read_at(&piece, offset, STEP);
    assert_true(stretches_of(&piece) > 0);
    sleep_ms(150);
    assert_false(read_at(&piece, 4 * STEP, STEP));
    prefetch_destroy(&piece.prefetch);
}

/* Several threads read each of several pieces, which share too few buffers, and close them. */
static void read_and_close(void *argument, unsigned index)
{
    struct random random = random_case(10 + index);
    (void)argument;

    for (int i = 0; i < 30; i++) {
        struct piece_read *piece = malloc(sizeof(*piece));
        THREAD_CHECK(piece != NULL);
        if (piece == NULL)
            return;
        begin(piece, 100 * (index + 1) + (uint64_t)i);
        uint64_t offset = STEP * random_below(&random, SIZE / STEP);
        for (uint64_t n = random_below(&random, 20); n > 0 && offset < SIZE; n--) {
            (void)read_at(piece, offset, STEP);
            offset += STEP;
        }
        prefetch_destroy(&piece->prefetch);
        free(piece);
    }
}

static void test_many_readers(void **state)
{
    (void)state;
    run_threads(8, read_and_close, NULL);
}

static void read_shared(void *argument, unsigned index)
{
    struct piece_read *piece = argument;
    for (uint64_t offset = index * STEP; offset < SIZE; offset += STEP)
        (void)read_at(piece, offset, STEP);
}

static void test_one_piece_of_many_readers(void **state)
{
    struct piece_read piece;
    (void)state;

    begin(&piece, 1);
    run_threads(6, read_shared, &piece);
    prefetch_destroy(&piece.prefetch);
}

#define PREFETCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PREFETCH_TEST(test_in_order),     PREFETCH_TEST(test_what_needs_none),
        PREFETCH_TEST(test_to_and_fro),   PREFETCH_TEST(test_nothing_to_copy),
        PREFETCH_TEST(test_pause),        PREFETCH_TEST(test_stale_bytes),
        PREFETCH_TEST(test_many_readers), PREFETCH_TEST(test_one_piece_of_many_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
