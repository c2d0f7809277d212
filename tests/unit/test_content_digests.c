/* SPDX-License-Identifier: MIT */
/*
 * content_digests: where the sample lies, and what a change in each part of a file does to the
 * digests.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/file/file_identity.h"
#include "core/file/residency.h"
#include "core/generation/content_digests.h"

enum { BLOCK = CONTENT_BLOCK };

/* Sizes around every edge: of a block, of the blocks that are all sampled, and the largest. */
static const uint64_t sizes[] = {
    0,
    1,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    2 * BLOCK - 1,
    2 * BLOCK,
    (CONTENT_SAMPLES + 1) * BLOCK - 1,
    (CONTENT_SAMPLES + 1) * BLOCK,
    (CONTENT_SAMPLES + 2) * BLOCK,
    (2 * CONTENT_SAMPLES + 7) * BLOCK + 5,
    UINT64_C(1) << 40,
    OFFSET_MAX,
};

/* Whole blocks between the first and the end, in order, and one in each stretch. */
static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        const uint64_t size = sizes[i];
        const unsigned count = content_sample_count(size);
        uint64_t last = 0;

        assert_true(count <= CONTENT_SAMPLES);
        for (unsigned n = 0; n < count; n++) {
            uint64_t place = content_sample_place(size, n);
            assert_int_equal(place % BLOCK, 0);
            assert_true(place > last);
            assert_true(place + BLOCK <= size);
            assert_int_equal(place, content_sample_place(size, n));
            if (n > 0 && size > 1000 * BLOCK)
                assert_true(place - last <= 2 * (size / CONTENT_SAMPLES) + BLOCK);
            last = place;
        }
    }
}

static int make_file(const struct scratch *scratch, uint64_t size)
{
    uint8_t *bytes = malloc(size + 1);
    assert_non_null(bytes);
    pattern_fill(bytes, size, 0, 3);
    scratch_write(scratch, "file", bytes, size);
    free(bytes);
    return scratch_open(scratch, "file", O_RDWR);
}

static int read_digests(int fd, uint64_t size, struct content_digests *digests)
{
    int error = content_ends_read(fd, size, &digests->ends);
    int sampled = content_sample_read(fd, size, &digests->sample);
    return error != 0 ? error : sampled;
}

static bool are_equal(const struct content_digests *a, const struct content_digests *b)
{
    return content_ends_equal(&a->ends, &b->ends) && content_sample_equal(&a->sample, &b->sample);
}

static bool changes(int fd, uint64_t size, uint64_t place)
{
    struct content_digests before;
    struct content_digests after;
    uint8_t byte = 0;

    assert_int_equal(read_digests(fd, size, &before), 0);
    assert_true(content_digests_complete(&before, size));
    assert_int_equal(pread(fd, &byte, 1, (off_t)place), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)place), 1);
    assert_int_equal(read_digests(fd, size, &after), 0);
    assert_int_equal(content_sample_sum(&before.sample, size) ==
                         content_sample_sum(&after.sample, size),
                     content_sample_equal(&before.sample, &after.sample));
    return !are_equal(&before, &after);
}

/* In a file of few blocks every byte matters. */
static void test_small_files_are_covered(void **state)
{
    struct random random = random_case(0);

    for (size_t i = 1; sizes[i] <= (CONTENT_SAMPLES + 2) * BLOCK; i++) {
        const uint64_t size = sizes[i];
        int fd = make_file(*state, size);
        for (int n = 0; n < 60; n++)
            assert_true(changes(fd, size, random_below(&random, size)));
        assert_true(changes(fd, size, 0));
        assert_true(changes(fd, size, size - 1));
        assert_int_equal(close(fd), 0);
    }
}

/* In a larger one the first block, the last 4 KiB (wherever they begin) and the sample matter. */
static void test_large_file(void **state)
{
    const uint64_t size = 500 * BLOCK + 1;
    int fd = make_file(*state, size);

    assert_true(changes(fd, size, BLOCK - 1));
    assert_true(changes(fd, size, size - BLOCK));
    for (unsigned n = 0; n < CONTENT_SAMPLES; n++) {
        uint64_t place = content_sample_place(size, n);
        assert_true(changes(fd, size, place));
        assert_true(changes(fd, size, place + BLOCK - 1));
    }
    unsigned seen = 0;
    for (uint64_t block = 1; block < 499; block++)
        seen += changes(fd, size, block * BLOCK) ? 1 : 0;
    assert_int_equal(seen, CONTENT_SAMPLES);
    assert_int_equal(close(fd), 0);
}

/* A file that is shorter, and bytes after the size, which do not count. */
static void test_other_sizes(void **state)
{
    const uint64_t size = 100 * BLOCK;
    struct content_digests whole;
    struct content_digests part;
    int fd = make_file(*state, size);

    assert_int_equal(read_digests(fd, size + 1, &whole), -ESTALE);
    assert_false(whole.ends.readable);
    assert_int_equal(read_digests(fd, size / 2, &part), 0);
    assert_int_equal(pwrite(fd, "#", 1, (off_t)size / 2), 1);
    assert_int_equal(read_digests(fd, size / 2, &whole), 0);
    assert_true(are_equal(&part, &whole));
    assert_int_equal(close(fd), 0);
}

/* A block that cannot be read is left out and does not count as a difference. */
static void test_left_out(void **state)
{
    const uint64_t size = 100 * BLOCK;
    struct content_digests one;
    int fd = make_file(*state, size);

    assert_int_equal(read_digests(fd, size, &one), 0);
    struct content_digests other = one;
    other.sample.blocks[5]++;
    assert_false(are_equal(&one, &other));
    other.sample.readable &= ~(UINT32_C(1) << 5);
    assert_true(are_equal(&one, &other));
    assert_false(content_digests_complete(&other, size));
    assert_int_equal(close(fd), 0);
}

/* What was not in the page cache is not there afterwards, except the ends. */
static void test_page_cache(void **state)
{
    const uint64_t size = 4000 * BLOCK;
    struct content_digests digests;
    int fd = make_file(*state, size);

    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    if (residency_is_empty(fd, 0, size)) {
        assert_int_equal(read_digests(fd, size, &digests), 0);
        for (unsigned n = 1; n < CONTENT_SAMPLES; n++) /* the first may be read ahead */
            assert_true(residency_is_empty(fd, content_sample_place(size, n), BLOCK));
    }
    assert_int_equal(close(fd), 0);
}

/* A time stamp of whole seconds may stand for a later change until its second is past. */
static void test_unsettled(void **state)
{
    struct file_identity identity = {.inode = 1};
    int fd = make_file(*state, 1);

    clock_gettime(CLOCK_REALTIME, &identity.ctime);
    identity.ctime.tv_nsec = 1;
    assert_int_equal(file_identity_unsettled_ms(&identity, fd), 0);
    identity.ctime.tv_nsec = 0;
    assert_in_range(file_identity_unsettled_ms(&identity, fd), 1, 2010);
    identity.ctime.tv_sec += 1000;
    assert_in_range(file_identity_unsettled_ms(&identity, fd), 1, 2010);
    identity.ctime.tv_sec -= 1003;
    assert_int_equal(file_identity_unsettled_ms(&identity, fd), 0);
    assert_int_equal(close(fd), 0);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places), FILE_TEST(test_small_files_are_covered),
        FILE_TEST(test_large_file),    FILE_TEST(test_other_sizes),
        FILE_TEST(test_left_out),      FILE_TEST(test_page_cache),
        FILE_TEST(test_unsettled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
