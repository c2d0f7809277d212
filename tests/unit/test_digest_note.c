/* SPDX-License-Identifier: MIT */
/* digest_note, digest_batch: pieces are hashed right, once, by several threads, and forgotten. */
#define XXH_INLINE_ALL
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/digest_batch.h"
#include "core/file/fault_guard.h"

enum { MIB = 1024 * 1024, SIZE = 5 * MIB + 17, SETTLED_MS = 30 };

static struct reading begin_file(struct world *world, const char *name, uint64_t kind)
{
    uint8_t *bytes = malloc(SIZE);

    assert_int_equal(fault_guard_install(), 0);
    assert_non_null(bytes);
    pattern_fill(bytes, SIZE, 0, kind);
    scratch_write(&world->scratch, name, bytes, SIZE);
    free(bytes);
    struct reading reading = reading_world_pin(world, name);
    sleep_ms(SETTLED_MS);
    return reading;
}

static struct piece piece_of(uint64_t header, uint64_t offset, uint64_t length)
{
    struct piece piece = {.count = 0};
    piece_add(&piece, 0, header);
    piece_add(&piece, offset, length);
    return piece;
}

/* What the library says of the bytes of a piece of a file of this pattern. */
static struct piece_digest expected_of(const struct piece *piece, uint64_t kind)
{
    XXH128_canonical_t canonical;
    struct piece_digest digest;
    uint8_t *bytes = malloc(piece_length(piece) + 1);
    size_t used = 0;

    assert_non_null(bytes);
    for (unsigned i = 0; i < piece->count; i++) {
        const struct range *range = &piece->ranges[i];
        pattern_fill(bytes + used, range->length, range->offset, kind);
        used += range->length;
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, used));
    free(bytes);
    memcpy(digest.bytes, canonical.digest, sizeof(digest.bytes));
    return digest;
}

static uint64_t hashed(const struct reading *reading)
{
    return atomic_load(&reading->source->pool->bytes_hashed);
}

/* Finds a digest and checks it. Returns how many bytes were hashed for it. */
static uint64_t check_digest(const struct reading *reading, const struct piece *piece,
                             uint64_t kind)
{
    const struct piece_digest expected = expected_of(piece, kind);
    const uint64_t before = hashed(reading);
    struct piece_digest digest;

    assert_int_equal(digest_note_find(reading, piece, &digest), 0);
    assert_memory_equal(digest.bytes, expected.bytes, sizeof(digest.bytes));
    return hashed(reading) - before;
}

static void test_hashed_once(void **state)
{
    AUTO_READING struct reading reading = begin_file(*state, "a", 0);
    const struct piece pieces[] = {
        piece_of(0, 0, SIZE),       piece_of(0, 1, 2 * MIB),  piece_of(100, 3 * MIB, 17),
        piece_of(100, 3 * MIB, 18), piece_of(0, SIZE - 1, 1), piece_of(3 * MIB, 4 * MIB, MIB),
        piece_of(0, 3 * MIB, 17),
    };

    for (size_t i = 0; i < LENGTH_OF(pieces); i++)
        assert_int_equal(check_digest(&reading, &pieces[i], 0), piece_length(&pieces[i]));
    for (size_t i = 0; i < LENGTH_OF(pieces); i++)
        assert_int_equal(check_digest(&reading, &pieces[i], 0), 0);
}

static void test_no_bytes(void **state)
{
    AUTO_READING struct reading reading = begin_file(*state, "a", 0);
    const struct piece piece = {.count = 0};
    struct piece_digest digest;

    assert_int_equal(check_digest(&reading, &piece, 0), 0);
    assert_false(digest_note_recall(&reading, &piece, &digest));
}

static void test_digits(void **state)
{
    const struct piece_digest digest = {{0x00, 0x1f, 0xa9, 0xff}};
    char text[PIECE_DIGEST_DIGITS];

    (void)state;
    piece_digest_write(&digest, text);
    assert_memory_equal(text, "001fa9ff000000000000000000000000", sizeof(text));
}

/* Any change forgets: a sample need not see that bytes before the old end have changed. */
static void test_forgotten_when_it_grows(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a", 0);
    const struct piece piece = piece_of(0, MIB, MIB);

    assert_int_equal(check_digest(&reading, &piece, 0), MIB);
    scratch_append(&world->scratch, "a", "more", 4);
    assert_int_equal(reading_confirm(&reading), 0);
    sleep_ms(SETTLED_MS);
    assert_int_equal(check_digest(&reading, &piece, 0), MIB);
}

static void test_rewritten(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a", 0);
    const struct piece piece = piece_of(0, MIB, MIB);
    struct piece_digest digest;

    assert_int_equal(check_digest(&reading, &piece, 0), MIB);
    AUTO_READING struct reading other = begin_file(world, "a", 1);
    assert_int_equal(digest_note_find(&reading, &piece, &digest), -ESTALE);
    assert_int_equal(check_digest(&other, &piece, 1), MIB);
}

/* A change between the sampled blocks, of which only the ctime tells: nothing old is recalled. */
static void test_only_the_ctime_moves(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a", 0);
    const struct stat before = scratch_stat(&world->scratch, "a");
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    const struct piece piece = piece_of(0, MIB, MIB);
    struct piece_digest old;
    struct piece_digest digest;
    uint8_t byte = 0;

    assert_int_equal(digest_note_find(&reading, &piece, &old), 0);
    pattern_fill(&byte, 1, MIB + 5000, 0);
    byte ^= 1;
    scratch_overwrite(&world->scratch, "a", &byte, 1, MIB + 5000);
    AUTO_CLOSE int fd = scratch_open(&world->scratch, "a", O_RDONLY);
    assert_int_equal(futimens(fd, times), 0);
    int error = digest_note_find(&reading, &piece, &digest);
    assert_true(error == -ESTALE || (error == 0 && memcmp(&old, &digest, sizeof(old)) != 0));
}

/* As many digests as there is room for stay; of more, the younger half does. */
static void test_room(void **state)
{
    enum { MORE = DIGESTS_REMEMBERED + 1000 };
    AUTO_READING struct reading reading = begin_file(*state, "a", 0);
    struct piece_digest digest;
    size_t kept = 0;

    for (uint64_t i = 0; i < MORE; i++) {
        const struct piece piece = piece_of(0, i, 1);
        assert_int_equal(digest_note_find(&reading, &piece, &digest), 0);
    }
    for (uint64_t i = 0; i < MORE; i++) {
        const struct piece piece = piece_of(0, i, 1);
        const bool known = digest_note_recall(&reading, &piece, &digest);
        assert_true(known || i < MORE / 2);
        kept += known ? 1 : 0;
    }
    assert_true(kept >= DIGESTS_REMEMBERED / 2);
    assert_true(kept <= DIGESTS_REMEMBERED);
}

/* However many contents there are, all together have a bounded room, which comes back. */
static void test_room_of_all(void **state)
{
    enum { FILES = 6 };
    struct world *world = *state;
    struct reading readings[FILES];
    struct piece_digest digest;
    char name[] = "0";

    for (int file = 0; file < FILES; file++, name[0]++) {
        readings[file] = begin_file(world, name, 0);
        for (uint64_t i = 0; i < DIGESTS_REMEMBERED; i++) {
            const struct piece piece = piece_of(0, i, 1);
            assert_int_equal(digest_note_find(&readings[file], &piece, &digest), 0);
        }
        assert_true(atomic_load(&world->pool.digests_room) <= 4 * DIGESTS_REMEMBERED);
    }
    assert_true(atomic_load(&world->pool.digests_room) >= 2 * DIGESTS_REMEMBERED);
    name[0] = '0';
    for (int file = 0; file < FILES; file++, name[0]++) {
        scratch_append(&world->scratch, name, "more", 4);
        assert_int_equal(reading_confirm(&readings[file]), 0);
        reading_close(&readings[file]);
    }
    assert_int_equal(atomic_load(&world->pool.digests_room), 0);
}

/* --- cancelling ------------------------------------------------------------------------------- */

static bool is_asked(void *argument)
{
    atomic_int *looks = argument;
    return atomic_fetch_sub(looks, 1) <= 0;
}

/* A hole of an exbibyte would take years. */
static void test_cancelled_in_a_hole(void **state)
{
    struct world *world = *state;
    atomic_int looks = 20;
    const struct cancel cancel = {.asked = is_asked, .argument = &looks};
    const struct piece piece = piece_of(0, 0, UINT64_C(1) << 42);
    struct piece_digest digest;

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "a", "x", 1);
    scratch_truncate(&world->scratch, "a", UINT64_C(1) << 42);
    AUTO_READING struct reading reading = reading_world_pin(world, "a");
    const struct reading one = reading_for(&reading, &cancel);
    assert_int_equal(digest_note_find(&one, &piece, &digest), -CANCELLED);
    assert_false(digest_note_recall(&reading, &piece, &digest));
}

/* Zeros of holes are hashed, and not read. */
static void test_holes(void **state)
{
    struct world *world = *state;
    static const uint8_t zeros[4 * MIB];
    XXH128_canonical_t canonical;
    const struct piece piece = piece_of(0, MIB, 4 * MIB);
    struct piece_digest digest;

    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "a", "x", 1);
    scratch_truncate(&world->scratch, "a", 8 * MIB);
    AUTO_READING struct reading reading = reading_world_pin(world, "a");
    const uint64_t before = atomic_load(&world->pool.bytes_scanned);
    assert_int_equal(digest_note_find(&reading, &piece, &digest), 0);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(zeros, sizeof(zeros)));
    assert_memory_equal(digest.bytes, canonical.digest, sizeof(digest.bytes));
    assert_int_equal(atomic_load(&world->pool.bytes_scanned), before);
}

/* --- batches ---------------------------------------------------------------------------------- */

enum { PIECES = 200 };

static void cut(struct piece *pieces)
{
    for (uint64_t i = 0; i < PIECES; i++)
        pieces[i] = piece_of(i % 3, i * (SIZE / PIECES), SIZE / PIECES);
}

static void check_batch(const struct reading *reading)
{
    struct piece pieces[PIECES];
    struct piece_digest digests[PIECES];

    cut(pieces);
    assert_int_equal(digest_batch_make(reading, pieces, PIECES, digests), 0);
    for (size_t i = 0; i < PIECES; i++) {
        const struct piece_digest expected = expected_of(&pieces[i], 0);
        THREAD_CHECK(memcmp(digests[i].bytes, expected.bytes, PIECE_DIGEST_BYTES) == 0);
    }
}

static void test_batch(void **state)
{
    AUTO_READING struct reading reading = begin_file(*state, "a", 0);
    struct source_pool *pool = reading.source->pool;

    check_batch(&reading);
    assert_threads_passed();
    assert_int_equal(hashed(&reading), pool->bytes_hashed);
    const uint64_t once = hashed(&reading);
    check_batch(&reading); /* all is remembered */
    assert_threads_passed();
    assert_int_equal(hashed(&reading), once);
    assert_int_equal(atomic_load(&pool->digest_helpers), 0);
}

static void batch_of_thread(void *argument, unsigned index)
{
    (void)index;
    check_batch(argument);
}

static void test_batches_at_once(void **state)
{
    AUTO_READING struct reading reading = begin_file(*state, "a", 0);

    run_threads(6, batch_of_thread, &reading);
    assert_threads_passed();
    assert_int_equal(atomic_load(&reading.source->pool->digest_helpers), 0);
}

/* The first error ends a batch, and so does a caller that is gone. */
static void test_batch_ends(void **state)
{
    struct world *world = *state;
    AUTO_READING struct reading reading = begin_file(world, "a", 0);
    atomic_int looks = 3;
    const struct cancel cancel = {.asked = is_asked, .argument = &looks};
    const struct reading one = reading_for(&reading, &cancel);
    struct piece pieces[PIECES];
    struct piece_digest digests[PIECES];

    cut(pieces);
    assert_int_equal(digest_batch_make(&one, pieces, PIECES, digests), -CANCELLED);
    assert_true(hashed(&reading) < SIZE / 2);
    AUTO_READING struct reading other = begin_file(world, "a", 1);
    assert_ptr_not_equal(other.generation, reading.generation);
    assert_int_equal(digest_batch_make(&reading, pieces, PIECES, digests), -ESTALE);
    assert_int_equal(atomic_load(&world->pool.digest_helpers), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hashed_once, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_no_bytes, world_setup, world_teardown),
        cmocka_unit_test(test_digits),
        cmocka_unit_test_setup_teardown(test_forgotten_when_it_grows, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_rewritten, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_only_the_ctime_moves, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_room, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_room_of_all, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_in_a_hole, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_holes, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_batch, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_batches_at_once, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_batch_ends, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
