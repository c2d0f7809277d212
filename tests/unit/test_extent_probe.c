/* SPDX-License-Identifier: MIT */
/*
 * extent_probe: answers of file systems, right and wrong.
 *
 * This program is linked with --wrap=lseek, lseek64 and ioctl.
 */
#include "tests/unit/fake_extents.h"

/* An answer that covers no hole it must not cover is left to the caller; the rest is checked. */
static void check_shape(const struct extent_answer *answer, uint64_t offset, uint64_t size)
{
    uint64_t place = offset;

    assert_in_range(answer->count, 1, EXTENT_PROBE_MOST);
    for (size_t i = 0; i < answer->count; i++) {
        const struct extent *extent = &answer->extents[i];
        assert_int_equal(extent->start, place);
        assert_true(extent->end > extent->start);
        assert_true(extent->kind == EXTENT_DATA || extent->kind == EXTENT_HOLE);
        place = extent->end;
    }
    assert_true(place <= size);
}

static struct extent_answer probe(uint64_t offset, uint64_t size, enum extent_method method)
{
    struct extent_answer answer;
    memset(&answer, 0x5a, sizeof(answer));
    extent_probe(-1, offset, size, method, &answer);
    check_shape(&answer, offset, size);
    return answer;
}

static void assert_all_data(const struct extent_answer *answer, uint64_t offset, uint64_t size)
{
    assert_int_equal(answer->count, 1);
    assert_int_equal(answer->extents[0].kind, EXTENT_DATA);
    assert_int_equal(answer->extents[0].start, offset);
    assert_int_equal(answer->extents[0].end, size);
}

/* Whether the answer calls a byte of [start, end) a hole. */
static bool calls_hole(const struct extent_answer *answer, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct extent *extent = &answer->extents[i];
        if (extent->kind == EXTENT_HOLE &&
            max_u64(extent->start, start) < min_u64(extent->end, end))
            return true;
    }
    return false;
}

/* SEEK */

/* An answer that makes sense is believed, and cut at the size. */
static void test_seek_sense(void **state)
{
    (void)state;
    fake.on = true;
    fake.seek = seek_as_told;
    data_answer = 500;
    struct extent_answer answer = probe(100, 1000, EXTENTS_SEEK);
    assert_extent(&answer.extents[0], EXTENT_HOLE, 100, 500);
    data_answer = -ENXIO;
    answer = probe(100, 1000, EXTENTS_SEEK);
    assert_extent(&answer.extents[0], EXTENT_HOLE, 100, 1000);
    data_answer = 100;
    hole_answer = 300;
    answer = probe(100, 1000, EXTENTS_SEEK);
    assert_extent(&answer.extents[0], EXTENT_DATA, 100, 300);
    hole_answer = 1000;
    answer = probe(100, 1000, EXTENTS_SEEK);
    assert_all_data(&answer, 100, 1000);
    hole_answer = 5000; /* it has grown */
    answer = probe(100, 1000, EXTENTS_SEEK);
    assert_all_data(&answer, 100, 1000);
    data_answer = 5000;
    answer = probe(100, 1000, EXTENTS_SEEK);
    assert_extent(&answer.extents[0], EXTENT_HOLE, 100, 1000);
}

/* An answer that makes no sense, or no answer, means that all is data. */
static void test_seek_nonsense(void **state)
{
    const off_t no_data_places[] = {0, 99, -EINVAL, -EOPNOTSUPP, -EIO, -EBADF};
    const off_t no_hole_places[] = {0, 99, 100, -EINVAL, -EOPNOTSUPP, -EIO, -ENXIO};
    (void)state;

    fake.on = true;
    fake.seek = seek_as_told;
    hole_answer = 300;
    for (size_t i = 0; i < LENGTH_OF(no_data_places); i++) {
        data_answer = no_data_places[i];
        struct extent_answer answer = probe(100, 1000, EXTENTS_SEEK);
        assert_all_data(&answer, 100, 1000);
    }
    data_answer = 100;
    for (size_t i = 0; i < LENGTH_OF(no_hole_places); i++) {
        hole_answer = no_hole_places[i];
        struct extent_answer answer = probe(100, 1000, EXTENTS_SEEK);
        assert_all_data(&answer, 100, 1000);
    }
}

/* A walk comes to the end whatever the answers are, and finds no hole that was not reported. */
static void test_seek_at_random(void **state)
{
    const uint64_t sizes[] = {1, 1000, 100000, OFFSET_MAX};
    struct random random = random_case(0);
    (void)state;

    answers = random_case(1);
    fake.on = true;
    fake.seek = seek_at_random;
    for (int round = 0; round < 4000; round++) {
        const uint64_t size = sizes[random_below(&random, LENGTH_OF(sizes))];
        uint64_t place = random_below(&random, size);
        for (int i = 0; place < size && i < 100; i++) {
            struct extent_answer answer = probe(place, size, EXTENTS_SEEK);
            const struct extent *extent = &answer.extents[0];
            assert_int_equal(answer.count, 1);
            if (extent->kind == EXTENT_HOLE && data_answer != -ENXIO)
                assert_true(data_answer > 0 && (uint64_t)data_answer >= extent->end);
            place = extent->end;
        }
    }
}

/* FIEMAP */

/* Holes between, before and after what is mapped; the request, and that it syncs. */
static void test_fiemap_sense(void **state)
{
    (void)state;
    play_fiemap();
    tell(0, 300, 0); /* starts before the offset */
    tell(300, 100, 0);
    tell(1000, 500, 0);
    tell(2000, 5000, FIEMAP_EXTENT_LAST); /* goes on after the size */
    struct extent_answer answer = probe(100, 4000, EXTENTS_FIEMAP);
    assert_int_equal(answer.count, 5);
    assert_extent(&answer.extents[0], EXTENT_DATA, 100, 400);
    assert_extent(&answer.extents[1], EXTENT_HOLE, 400, 1000);
    assert_extent(&answer.extents[2], EXTENT_DATA, 1000, 1500);
    assert_extent(&answer.extents[3], EXTENT_HOLE, 1500, 2000);
    assert_extent(&answer.extents[4], EXTENT_DATA, 2000, 4000);
    assert_true((fake.flags & FIEMAP_FLAG_SYNC) != 0);

    told.mapped = 3;
    answer = probe(100, 4000, EXTENTS_FIEMAP);
    assert_extent(&answer.extents[3], EXTENT_HOLE, 1500, 4000);
    told.mapped = 0;
    answer = probe(100, 4000, EXTENTS_FIEMAP);
    assert_extent(&answer.extents[0], EXTENT_HOLE, 100, 4000);
}

static void test_fiemap_fails(void **state)
{
    const int errors[] = {-ENOTTY, -EOPNOTSUPP, -EBADR, -EINVAL, -EIO, -ENOMEM, -EINTR};
    (void)state;

    play_fiemap();
    for (size_t i = 0; i < LENGTH_OF(errors); i++) {
        told.error = errors[i];
        struct extent_answer answer = probe(100, 4000, EXTENTS_FIEMAP);
        assert_all_data(&answer, 100, 4000);
    }
}

/* Whatever is mapped is data: preallocated, delayed, of unknown place, compressed. */
static void test_fiemap_flags(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        play_fiemap();
        tell(8192, 4096, (uint32_t)1 << bit);
        struct extent_answer answer = probe(0, 40960, EXTENTS_FIEMAP);
        assert_false(calls_hole(&answer, 8192, 8192 + 4096));
        assert_true(calls_hole(&answer, 0, 1));
    }
}

/* An extent that is not aligned: its blocks are data, for the file system works in these. */
static void test_fiemap_unaligned(void **state)
{
    const uint32_t flags[] = {FIEMAP_EXTENT_NOT_ALIGNED, FIEMAP_EXTENT_DATA_INLINE,
                              FIEMAP_EXTENT_DATA_TAIL};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(flags); i++) {
        play_fiemap();
        tell(8192 + 100, 17, flags[i]);
        tell(40000, 0, flags[i]);
        struct extent_answer answer = probe(0, 100000, EXTENTS_FIEMAP);
        assert_false(calls_hole(&answer, 8192, 12288));
        assert_true(calls_hole(&answer, 0, 8192));
        assert_true(calls_hole(&answer, 12288, 12289));
    }
}

/* A full answer ends the knowledge at its last extent, unless that is the file's last. */
static void test_fiemap_full(void **state)
{
    const uint32_t counts[] = {ASKED, ASKED + 1, 1000, UINT32_MAX};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(counts); i++) {
        play_fiemap();
        for (uint64_t k = 0; k < ASKED; k++)
            tell((2 * k + 1) * 4096, 4096, 0);
        told.mapped = counts[i];
        struct extent_answer answer = probe(0, MIB, EXTENTS_FIEMAP);
        assert_int_equal(answer.count, EXTENT_PROBE_MOST);
        assert_int_equal(answer.extents[answer.count - 1].end, 2 * ASKED * 4096);
        assert_false(calls_hole(&answer, 2 * ASKED * 4096, MIB));
        for (uint64_t k = 0; k < ASKED; k++)
            assert_false(calls_hole(&answer, (2 * k + 1) * 4096, (2 * k + 2) * 4096));
    }
    play_fiemap(); /* no hole before and none between: there is room for the one after */
    for (uint64_t k = 0; k < ASKED; k++)
        tell(k * 4096, 4096, k == ASKED - 1 ? FIEMAP_EXTENT_LAST : 0);
    struct extent_answer answer = probe(0, MIB, EXTENTS_FIEMAP);
    assert_int_equal(answer.count, 2);
    assert_extent(&answer.extents[1], EXTENT_HOLE, (uint64_t)ASKED * 4096, MIB);
}

/* If an extent ends beyond the largest file size, nothing around it is trusted. */
static void test_fiemap_wraps(void **state)
{
    const struct {
        uint64_t start;
        uint64_t length;
    } cases[] = {{5000, UINT64_MAX},       {5000, UINT64_MAX - 5000}, {UINT64_MAX, 1},
                 {UINT64_MAX - 10, 100},   {5000, OFFSET_MAX},        {OFFSET_MAX, 1},
                 {UINT64_MAX, UINT64_MAX}, {1ull << 63, 4096},        {5000, 1ull << 63}};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        for (int before = 0; before < 2; before++)
            for (uint32_t unaligned = 0; unaligned < 2; unaligned++) {
                play_fiemap();
                if (before != 0)
                    tell(1000, 1000, 0);
                tell(cases[i].start, cases[i].length, unaligned * FIEMAP_EXTENT_NOT_ALIGNED);
                struct extent_answer answer = probe(0, 10000, EXTENTS_FIEMAP);
                assert_false(calls_hole(&answer, 5000, 10000));
                answer = probe(0, OFFSET_MAX, EXTENTS_FIEMAP);
                assert_false(calls_hole(&answer, 1000, 2000) && before != 0);
            }
}

/* A later extent lies before an earlier one: what was taken for a hole is not one. */
static void test_fiemap_unsorted(void **state)
{
    (void)state;
    play_fiemap();
    tell(40960, 4096, 0);
    tell(8192, 4096, FIEMAP_EXTENT_LAST);
    struct extent_answer answer = probe(0, 81920, EXTENTS_FIEMAP);
    assert_false(calls_hole(&answer, 40960, 45056));
    assert_false(calls_hole(&answer, 8192, 12288));
}

/* No byte of any extent of the answer is in a hole, nor any byte after a full answer. */
static void check_against_told(const struct extent_answer *answer, uint64_t size)
{
    uint64_t furthest = 0;
    uint32_t flags = 0;

    for (uint32_t i = 0; i < told.mapped && i < ASKED; i++) {
        const struct fiemap_extent *extent = &told.extents[i];
        uint64_t end = 0;
        if (!checked_add(extent->fe_logical, extent->fe_length, &end))
            end = UINT64_MAX;
        assert_false(calls_hole(answer, extent->fe_logical, end));
        furthest = max_u64(furthest, end);
        flags = extent->fe_flags;
    }
    if (told.mapped >= ASKED && (flags & FIEMAP_EXTENT_LAST) == 0)
        assert_false(calls_hole(answer, furthest, size));
}

static void check_random_fiemap(bool sorted, uint64_t first_case)
{
    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(first_case + i);
        const uint64_t size = random_chance(&random, 90) ? 2 * MIB : OFFSET_MAX;
        play_fiemap();
        tell_at_random(&random, sorted);
        const uint64_t offset = random_chance(&random, 30) ? 0 : random_below(&random, MIB);
        struct extent_answer answer = probe(offset, size, EXTENTS_FIEMAP);
        check_against_told(&answer, size);
    }
}

/* Overlapping, empty, endless and unaligned extents, and more of them than were asked for. */
static void test_fiemap_at_random(void **state)
{
    (void)state;
    check_random_fiemap(true, 100000);
}

static void test_fiemap_unsorted_at_random(void **state)
{
    (void)state;
    check_random_fiemap(false, 200000);
}

#define PROBE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROBE_TEST(test_seek_sense),       PROBE_TEST(test_seek_nonsense),
        PROBE_TEST(test_seek_at_random),   PROBE_TEST(test_fiemap_sense),
        PROBE_TEST(test_fiemap_fails),     PROBE_TEST(test_fiemap_flags),
        PROBE_TEST(test_fiemap_unaligned), PROBE_TEST(test_fiemap_full),
        PROBE_TEST(test_fiemap_wraps),     PROBE_TEST(test_fiemap_unsorted),
        PROBE_TEST(test_fiemap_at_random), PROBE_TEST(test_fiemap_unsorted_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
