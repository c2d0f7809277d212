/* SPDX-License-Identifier: MIT */
/* contents: the table, and that no kind of content is asked for what it cannot do. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/contents.h"
#include "core/content/plain.h"
#include "core/content/scan.h"
#include "core/file/fault_guard.h"

/* The file as it is comes first; the others are what files hold. */
static void test_table(void **state)
{
    size_t count = 0;
    (void)state;

    while (content_types[count] != NULL && count < 100)
        count++;
    assert_in_range(count, 1, 99);
    assert_ptr_equal(content_types[0], &plain_content);
    assert_string_equal(plain_content.name, "file");
    for (size_t i = 0; i < count; i++) {
        const struct content_type *type = content_types[i];
        assert_true(type->name != NULL && type->name[0] != '\0');
        assert_int_equal(content_is_held(type), i > 0);
        assert_non_null(type->size_of);
        assert_non_null(type->copy);
        assert_non_null(type->lend);
        assert_int_equal(type->may_have_holes == NULL, type->extent_at == NULL);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(type->name, content_types[k]->name);
    }
}

/* A few bytes hold no other content, however they begin. */
static void test_nothing_is_held(void **state)
{
    static const char *const files[] = {
        "", "x", "text\n", "\x1f\x8b\x08\x04", "\x28\xb5\x2f\xfd", "BZh9", "\xfd\x37zXZ",
    };
    struct world *world = *state;

    for (size_t i = 0; i < LENGTH_OF(files); i++) {
        scratch_write(&world->scratch, "file", files[i], strlen(files[i]));
        struct reading reading = reading_world_pin(world, "file");
        bool certain = false;
        const uint64_t unread = atomic_load(&world->pool.bytes_read);
        assert_null(content_held_by(&reading, &certain));
        const uint64_t read = atomic_load(&world->pool.bytes_read);
        assert_true(strlen(files[i]) == 0 || content_types[1] == NULL || read > unread);
        assert_null(content_held_by(&reading, &certain)); /* its ends are read once */
        assert_int_equal(atomic_load(&world->pool.bytes_read), read);
        reading_close(&reading);
    }
}

/* --- a kind of content that can do as little as there may be ---------------------------------- */

enum { TIMES = 3 };

static atomic_uint prepared;
static atomic_uint taken_back;

/* The bytes of the file three times over. */
static uint64_t size_of_thrice(const struct reading *reading)
{
    return TIMES * reading->version.file.size;
}

static int copy_thrice(const struct reading *reading, int fd, void *buffer, size_t length,
                       uint64_t offset, enum content_way way)
{
    const uint64_t size = reading->version.file.size;

    if (offset + length > TIMES * size)
        return -FILE_TOO_SHORT;
    for (size_t done = 0; done < length;) {
        uint64_t place = (offset + done) % size;
        size_t part = (size_t)min_u64(length - done, size - place);
        int error = plain_content.copy(reading, fd, (char *)buffer + done, part, place, way);
        if (error != 0)
            return error;
        done += part;
    }
    return 0;
}

static int lend_thrice(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                       uint8_t *scratch, struct content_loan *loan)
{
    const size_t length = (size_t)min_u64(most, 1000);
    *loan = (struct content_loan){.bytes = scratch, .length = length};
    return copy_thrice(reading, fd, scratch, length, offset, CONTENT_PROBES);
}

static const struct content_type thrice = {
    .name = "thrice", .size_of = size_of_thrice, .copy = copy_thrice, .lend = lend_thrice};

static void note_prepared(const struct reading *reading, int fd)
{
    assert_true(fd >= 0 && reading->source != NULL);
    atomic_fetch_add(&prepared, 1);
}

static void note_taken_back(const struct reading *reading, int fd, const struct content_loan *loan)
{
    (void)reading;
    assert_true(fd >= 0 && !loan->mapped);
    atomic_fetch_add(&taken_back, 1);
}

static const struct content_type watchful = {
    .name = "watchful",
    .size_of = size_of_thrice,
    .copy = copy_thrice,
    .lend = lend_thrice,
    .prepare = note_prepared,
    .take_back = note_taken_back,
};

enum { SIZE = 5000 };

static struct reading open_as(struct world *world, const struct content_type *type)
{
    static uint8_t bytes[SIZE];
    struct reading reading;

    assert_int_equal(fault_guard_install(), 0);
    pattern_fill(bytes, sizeof(bytes), 0, 1);
    scratch_write(&world->scratch, "file", bytes, sizeof(bytes));
    struct source *source = source_new(&world->pool, "file", type);
    assert_non_null(source);
    assert_int_equal(reading_open(source, NULL, &reading, NULL), 0);
    source_unref(source);
    return reading;
}

struct sums {
    uint64_t bytes;
    unsigned visits;
};

static bool sum_bytes(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct sums *sums = argument;
    for (size_t i = 0; i < length; i++)
        THREAD_CHECK(pattern_matches(bytes + i, 1, (offset + i) % SIZE, 1));
    sums->bytes += length;
    sums->visits++;
    return true;
}

static bool no_hole(void *argument, uint64_t offset, uint64_t length)
{
    (void)argument;
    THREAD_CHECK(offset == 0 && length == 0);
    return false;
}

static const struct scan_visitor summer = {.data = sum_bytes, .hole = no_hole};

/* Size, reads, extents and scans are those of the content, and not of the file. */
static void test_the_least_there_may_be(void **state)
{
    struct world *world = *state;
    struct reading reading = open_as(world, &thrice);
    struct sums sums = {0};
    uint8_t bytes[100];

    assert_int_equal(reading.size, TIMES * SIZE);
    assert_int_equal(content_read(&reading, bytes, sizeof(bytes), 2 * SIZE + 7), 0);
    assert_true(pattern_matches(bytes, sizeof(bytes), 7, 1));
    assert_int_equal(content_probe(&reading, bytes, sizeof(bytes), SIZE), 0);
    assert_true(pattern_matches(bytes, sizeof(bytes), 0, 1));
    assert_int_equal(content_read(&reading, bytes, sizeof(bytes), TIMES * SIZE - 99), -EIO);
    assert_false(content_may_have_holes(&reading));
    const struct extent extent = content_extent_at(&reading, -1, 12);
    assert_int_equal(extent.start, 12);
    assert_int_equal(extent.end, OFFSET_MAX);
    assert_int_equal(extent.kind, EXTENT_DATA);
    assert_int_equal(scan(&reading, 1, TIMES * SIZE, &summer, &sums), 0);
    assert_threads_passed();
    assert_int_equal(sums.bytes, TIMES * SIZE - 1);
    assert_int_equal(sums.visits, 15);
    reading_close(&reading);
}

/* It grows with its file. */
static void test_it_grows(void **state)
{
    struct world *world = *state;
    struct reading reading = open_as(world, &thrice);

    scratch_append(&world->scratch, "file", "more", 4);
    assert_int_equal(reading_confirm(&reading), 0);
    struct reading again = reading_again(&reading);
    assert_ptr_equal(again.generation, reading.generation);
    assert_int_equal(again.size, TIMES * (SIZE + 4));
    assert_int_equal(reading.size, TIMES * SIZE); /* as it was looked at */
    reading_close(&again);
    reading_close(&reading);
}

/* Every loan is taken back, and `prepare` is called at every pin. */
static void test_prepared_and_taken_back(void **state)
{
    struct world *world = *state;
    struct sums sums = {0};

    atomic_store(&prepared, 0);
    atomic_store(&taken_back, 0);
    struct reading reading = open_as(world, &watchful);
    assert_int_equal(atomic_load(&prepared), 1);
    assert_int_equal(scan(&reading, 0, TIMES * SIZE, &summer, &sums), 0);
    assert_threads_passed();
    assert_int_equal(atomic_load(&taken_back), sums.visits);
    struct reading again = reading_again(&reading);
    assert_int_equal(atomic_load(&prepared), 2);
    reading_close(&again);
    reading_close(&reading);
}

#define CONTENT_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        CONTENT_TEST(test_nothing_is_held),
        CONTENT_TEST(test_the_least_there_may_be),
        CONTENT_TEST(test_it_grows),
        CONTENT_TEST(test_prepared_and_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
