/* SPDX-License-Identifier: MIT */
/* index_encoding: what was written can be read; damage is noticed; and it is small. */
#include "tests/unit/line_model.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/format/lines.h"
#include "core/index/index_encoding.h"
#include "tests/unit/add_ends.h"

enum {
    HEADER = 192,       /* bytes */
    DIGEST = 184,       /* where in it */
    GROUP = 16 + 3 * 4, /* the group of some_index() */
    VERSION = 8,
    SIZE = 16,
    GROUPS = 96,
    BODY = 104,
};

static const struct index_key some_key = {
    .format = &lines_format,
    .size = 2 * (uint64_t)INDEX_BLOCK + 77,
    .mtime = {1700000000, 999999999},
    .ctime = {-5, 1},
    .birth = {1600000000, 7},
    .inode = 12345,
    .file_system = {{11, 12}},
    .sample = 13,
    .verified = true,
    .ends = {UINT64_C(0xfedcba9876543210), UINT64_C(0x0123456789abcdef), true},
};

static struct record_index *some_index(uint64_t size)
{
    struct record_index *index = record_index_new(&lines_format, size, NULL);
    assert_non_null(index);
    for (uint64_t place = 0; place < size; place += INDEX_BLOCK)
        add_ends(index, place, place / INDEX_BLOCK * 1000 + 3);
    record_index_finish(index, true);
    return index;
}

/* The bytes of an index file. */
struct bytes {
    uint8_t of[HEADER + 64];
    size_t length;
};

static struct bytes some_bytes(const struct scratch *scratch)
{
    struct bytes bytes;
    struct record_index *index = some_index(some_key.size);
    int fd = scratch_open(scratch, "first", O_RDWR | O_CREAT);

    assert_int_equal(index_encode(fd, &some_key, index), 0);
    bytes.length = (size_t)scratch_stat(scratch, "first").st_size;
    assert_int_equal(bytes.length, HEADER + GROUP);
    assert_int_equal(pread(fd, bytes.of, sizeof(bytes.of), 0), (ssize_t)bytes.length);
    assert_int_equal(close(fd), 0);
    record_index_unref(index);
    return bytes;
}

/* What index_decode() says of these bytes. */
static int read_bytes(const struct scratch *scratch, const void *bytes, size_t length)
{
    int fd = scratch_open(scratch, "other", O_RDWR | O_CREAT | O_TRUNC);
    struct record_index *index = NULL;
    struct index_key key;

    assert_int_equal(pwrite(fd, bytes, length, 0), (ssize_t)length);
    int error = index_decode(fd, &key, &index);
    assert_true((error == 0) == (index != NULL));
    assert_int_equal(close(fd), 0);
    record_index_unref(index);
    return error;
}

static void check_key(const struct index_key *key, const struct index_key *expected)
{
    assert_ptr_equal(key->format, expected->format);
    assert_int_equal(key->size, expected->size);
    assert_int_equal(key->mtime.tv_sec, expected->mtime.tv_sec);
    assert_int_equal(key->mtime.tv_nsec, expected->mtime.tv_nsec);
    assert_int_equal(key->ctime.tv_sec, expected->ctime.tv_sec);
    assert_int_equal(key->ctime.tv_nsec, expected->ctime.tv_nsec);
    assert_true(content_ends_equal(&key->ends, &expected->ends));
    assert_true(index_key_same_file(key, expected));
    assert_int_equal(key->sample, expected->sample);
    assert_int_equal(key->verified, expected->verified);
}

static void check_round_trip(const struct scratch *scratch, struct index_key expected,
                             const struct record_index *index)
{
    int fd = scratch_open(scratch, "trip", O_RDWR | O_CREAT | O_TRUNC);
    struct record_index *read = NULL;
    struct index_key key = {.size = 0};

    assert_int_equal(index_encode(fd, &expected, index), 0);
    assert_int_equal(index_kept_type.size(index), lseek(fd, 0, SEEK_END));
    assert_int_equal(index_decode_key(fd, &key), 0);
    check_key(&key, &expected);
    key.size = 0;
    assert_int_equal(index_decode(fd, &key, &read), 0);
    check_key(&key, &expected);
    assert_ptr_equal(read->format, index->format);
    assert_int_equal(read->size, index->size);
    assert_int_equal(read->blocks, index->blocks);
    assert_int_equal(read->ends_open, index->ends_open);
    assert_int_equal(read->group_count, index->group_count);
    for (uint64_t i = 0; i <= index->blocks; i += 1 + index->blocks / 500)
        assert_int_equal(record_index_ends_before(read, i), record_index_ends_before(index, i));
    assert_int_equal(record_index_records(read), record_index_records(index));
    record_index_unref(read);
    assert_int_equal(close(fd), 0);
}

static void test_round_trips(void **state)
{
    struct random random = random_case(1);
    for (unsigned i = 0; i < 100; i++) {
        struct index_key key = some_key;
        key.size = random_below(&random, 300 * (uint64_t)INDEX_BLOCK);
        key.mtime.tv_sec = (time_t)random_next(&random) >> random_below(&random, 60);
        unsigned filled = i % 3 == 0 ? 100 : (unsigned)random_below(&random, 101);
        struct record_index *index = record_index_new(&lines_format, key.size, NULL);
        assert_non_null(index);
        for (uint64_t place = 0; place < key.size; place += INDEX_BLOCK)
            if (random_chance(&random, filled))
                add_ends(index, place, random_below(&random, INDEX_BLOCK + 1));
        record_index_finish(index, random_chance(&random, 50));
        check_round_trip(*state, key, index);
        record_index_unref(index);
    }
}

/* The layout that core/index/index_encoding.h promises to hosts that share a directory. */
static void test_the_layout(void **state)
{
    struct bytes bytes = some_bytes(*state);
    uint64_t words[HEADER / 8];
    uint64_t group[2];
    uint32_t counts[3];

    memcpy(words, bytes.of, sizeof(words));
    memcpy(group, bytes.of + HEADER, sizeof(group));
    memcpy(counts, bytes.of + HEADER + sizeof(group), sizeof(counts));
    assert_int_equal(le64toh(words[1]), 2);
    assert_int_equal(le64toh(words[2]), some_key.size);
    assert_int_equal(le64toh(words[3]), some_key.mtime.tv_sec);
    assert_int_equal(le64toh(words[4]), some_key.mtime.tv_nsec);
    assert_int_equal(le64toh(words[5]), (uint64_t)some_key.ctime.tv_sec);
    assert_int_equal(le64toh(words[6]), some_key.ctime.tv_nsec);
    assert_int_equal(le64toh(words[7]), some_key.ends.first);
    assert_int_equal(le64toh(words[8]), some_key.ends.last);
    assert_int_equal(le64toh(words[9]), 1);
    assert_int_equal(le64toh(words[10]), 3 + 1003 + 2003);
    assert_int_equal(le64toh(words[12]), 1);
    assert_int_equal(le64toh(words[13]), GROUP);
    assert_int_equal(le64toh(words[14]), 12345);
    assert_int_equal(le64toh(words[15]), 1600000000);
    assert_int_equal(le64toh(words[16]), 7);
    assert_int_equal(le64toh(words[17]), 11);
    assert_int_equal(le64toh(words[18]), 12);
    assert_int_equal(le64toh(words[19]), 13);
    assert_int_equal(le64toh(words[20]), 1);
    assert_int_equal(le64toh(group[0]), 0);
    assert_int_equal(le64toh(group[1]), 7);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(le32toh(counts[i]), i * 1000 + 3);
}

static void test_every_bit(void **state)
{
    struct bytes bytes = some_bytes(*state);

    assert_int_equal(read_bytes(*state, bytes.of, bytes.length), 0);
    for (size_t bit = 0; bit < bytes.length * 8; bit++) {
        bytes.of[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (read_bytes(*state, bytes.of, bytes.length) != -WRONG_INDEX)
            fail_msg("bit %zu of byte %zu is not noticed", bit % 8, bit / 8);
        bytes.of[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(read_bytes(*state, bytes.of, bytes.length), 0);
}

static void test_every_length(void **state)
{
    struct bytes bytes = some_bytes(*state);

    memset(bytes.of + bytes.length, 0, sizeof(bytes.of) - bytes.length);
    for (size_t length = 0; length <= sizeof(bytes.of); length++)
        assert_int_equal(read_bytes(*state, bytes.of, length),
                         length == bytes.length ? 0 : -WRONG_INDEX);
}

static void test_random_damage(void **state)
{
    struct random random = random_case(2);
    for (unsigned i = 0; i < 2000; i++) {
        struct bytes bytes = some_bytes(*state);
        size_t start = (size_t)random_below(&random, bytes.length);
        size_t length = 1 + (size_t)random_below(&random, bytes.length - start);
        struct bytes damaged = bytes;
        for (size_t k = 0; k < length; k++)
            damaged.of[start + k] =
                random_chance(&random, 50) ? 0xff : (uint8_t)random_next(&random);
        bool same = memcmp(damaged.of, bytes.of, bytes.length) == 0;
        assert_int_equal(read_bytes(*state, damaged.of, bytes.length), same ? 0 : -WRONG_INDEX);
    }
}

/* Corrects the digest, as another program that writes such files would. */
static void sign(struct bytes *bytes)
{
    XXH3_state_t digesting;
    (void)XXH3_64bits_reset(&digesting);
    (void)XXH3_64bits_update(&digesting, bytes->of + HEADER, bytes->length - HEADER);
    (void)XXH3_64bits_update(&digesting, bytes->of, DIGEST);
    uint64_t digest = htole64(XXH3_64bits_digest(&digesting));
    memcpy(bytes->of + DIGEST, &digest, sizeof(digest));
}

static int read_with_word(const struct scratch *scratch, size_t at, uint64_t value)
{
    struct bytes bytes = some_bytes(scratch);
    value = htole64(value);
    memcpy(bytes.of + at, &value, sizeof(value));
    sign(&bytes);
    return read_bytes(scratch, bytes.of, bytes.length);
}

/* Signed, but of another version or another format, or of a size that no file has. */
static void test_signed_and_not_for_us(void **state)
{
    assert_int_equal(read_with_word(*state, VERSION, 2), 0); /* the digest really is corrected */
    assert_int_equal(read_with_word(*state, VERSION, 0), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, VERSION, 1), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, VERSION, 3), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, VERSION, 2 | UINT64_C(255) << 32), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, 0, 0), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, SIZE, UINT64_MAX), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, SIZE, 2 * (uint64_t)INDEX_BLOCK), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, SIZE, 0), -WRONG_INDEX);
    assert_int_equal(read_with_word(*state, 80, 12345),
                     -WRONG_INDEX); /* another sum of line ends */
}

/* Signed, and with groups that no index has. Nothing is read or written beyond what is there. */
static void test_signed_groups(void **state)
{
    static const uint64_t numbers[] = {1, 2, 3, UINT64_C(1) << 40, UINT64_MAX, UINT64_MAX - 1};
    static const uint64_t masks[] = {1, 3, 5, 15, UINT64_C(7) << 61, UINT64_MAX};
    static const uint64_t words[] = {0, 2, 3, UINT64_C(1) << 32, UINT64_MAX};

    for (size_t i = 0; i < LENGTH_OF(numbers); i++)
        assert_int_equal(read_with_word(*state, HEADER, numbers[i]), -WRONG_INDEX);
    for (size_t i = 0; i < LENGTH_OF(masks); i++)
        assert_int_equal(read_with_word(*state, HEADER + 8, masks[i]), -WRONG_INDEX);
    for (size_t i = 0; i < LENGTH_OF(words); i++) {
        assert_int_equal(read_with_word(*state, GROUPS, words[i]), -WRONG_INDEX);
        assert_int_equal(read_with_word(*state, BODY, words[i]), -WRONG_INDEX);
    }
    /* More line ends than a block has bytes. */
    assert_int_equal(read_with_word(*state, HEADER + 16, INDEX_BLOCK + 1), -WRONG_INDEX);
}

/* At most 0.0016% of what is indexed, whatever is in it; of what has no line ends, nothing. */
static void test_its_size(void **state)
{
    const uint64_t size = UINT64_C(4) << 30;
    static const uint64_t counts[] = {0, 1, 2000, INDEX_BLOCK};

    for (size_t i = 0; i < LENGTH_OF(counts); i++) {
        struct index_key key = some_key;
        struct record_index *index = record_index_new(&lines_format, size, NULL);
        key.size = size;
        assert_non_null(index);
        for (uint64_t place = 0; place < size; place += INDEX_BLOCK)
            add_ends(index, place, counts[i]);
        record_index_finish(index, false);
        check_round_trip(*state, key, index);
        uint64_t length = (uint64_t)scratch_stat(*state, "trip").st_size;
        assert_true(length <= HEADER + size * 16 / 1000000);
        assert_int_equal(length,
                         HEADER + (counts[i] > 0 ? size / INDEX_BLOCK / INDEX_GROUP * 264 : 0));
        record_index_unref(index);
    }
}

/* A few line ends in a file of EiB, as far apart as can be. */
static void test_a_sparse_file(void **state)
{
    struct index_key key = some_key;
    key.size = OFFSET_MAX;
    struct record_index *index = record_index_new(&lines_format, key.size, NULL);
    assert_non_null(index);
    add_ends(index, 0, 1);
    add_ends(index, key.size / 2, 7);
    add_ends(index, key.size - 1, INDEX_BLOCK - 1);
    record_index_finish(index, true);
    check_round_trip(*state, key, index);
    assert_int_equal(scratch_stat(*state, "trip").st_size, HEADER + 3 * 20);
    record_index_unref(index);
}

static void test_write_errors(void **state)
{
    struct record_index *index = some_index(some_key.size);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    int closed = scratch_open(*state, "first", O_RDONLY | O_CREAT);

    if (full >= 0)
        assert_int_equal(index_encode(full, &some_key, index), -ENOSPC);
    assert_int_equal(index_encode(closed, &some_key, index), -EBADF);
    if (full >= 0)
        assert_int_equal(close(full), 0);
    assert_int_equal(close(closed), 0);
    record_index_unref(index);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_round_trips),   IN_SCRATCH(test_the_layout),
        IN_SCRATCH(test_every_bit),     IN_SCRATCH(test_every_length),
        IN_SCRATCH(test_random_damage), IN_SCRATCH(test_signed_and_not_for_us),
        IN_SCRATCH(test_signed_groups), IN_SCRATCH(test_its_size),
        IN_SCRATCH(test_a_sparse_file), IN_SCRATCH(test_write_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
