/* SPDX-License-Identifier: MIT */
/*
 * index_count: counts record ends, and trusts only bytes of its generation.
 *
 * This program is linked with --wrap=mmap and mmap64 (tests/unit/map_hook.h).
 */
#include "tests/unit/line_model.h"
#include "tests/unit/map_hook.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/format/lines.h"
#include "core/index/index_count.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static struct world *world; /* of the running test */

static int setup(void **state)
{
    map_hook_reset();
    int error = world_setup(state);
    world = *state;
    return error;
}

static int setup_with_windows(void **state, uint64_t window)
{
    const struct world_limits limits = {16, window, 4 * window};
    map_hook_reset();
    int error = world_make(state, &limits);
    world = *state;
    return error;
}

static int setup_small_windows(void **state)
{
    return setup_with_windows(state, 20 * KIB);
}

static int setup_large_windows(void **state)
{
    return setup_with_windows(state, 64 * MIB);
}

static struct reading open_text(const struct line_model *model)
{
    assert_int_equal(fault_guard_install(), 0);
    (void)unlinkat(world->scratch.directory, "text", 0);
    line_model_write(model, &world->scratch, "text");
    return reading_world_pin(world, "text");
}

static int count(const struct reading *reading, uint64_t start, struct record_index *index)
{
    return index_count(reading, start, index->size, index);
}

/* Counts all from `start` on; finished. */
static struct record_index *count_from(const struct reading *reading,
                                       const struct line_model *model, uint64_t start,
                                       const struct record_index *old)
{
    struct record_index *index = record_index_new(&lines_format, model->size, old);
    assert_non_null(index);
    for (uint64_t place = start; place < model->size; place = index_step_end(place, model->size))
        assert_int_equal(count(reading, place, index), 0);
    record_index_finish(index, model->bytes[model->size - 1] != '\n');
    return index;
}

static void check_text(struct line_model model)
{
    struct reading reading = open_text(&model);
    uint64_t before = bytes_scanned(world);
    struct record_index *index = count_from(&reading, &model, 0, NULL);

    line_model_check(&model, index);
    assert_int_equal(bytes_scanned(world) - before, model.size);
    record_index_unref(index);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_steps_end_at_their_multiples(void **state)
{
    const uint64_t step = INDEX_STEP;
    (void)state;
    assert_int_equal(index_step_end(0, 1), 1);
    assert_int_equal(index_step_end(0, 9 * step), step);
    assert_int_equal(index_step_end(step - 1, 9 * step), step);
    assert_int_equal(index_step_end(step, 9 * step), 2 * step);
    assert_int_equal(index_step_end(step + 5, step + 9), step + 9);
    assert_int_equal(index_step_end(OFFSET_MAX - 1, OFFSET_MAX), OFFSET_MAX);
    assert_int_equal(step % INDEX_BLOCK, 0);
}

static void test_random_texts(void **state)
{
    struct random random = random_case(1);
    (void)state;
    for (unsigned i = 0; i < 25; i++) {
        uint64_t size = random_between(&random, 1, i % 5 == 0 ? 3 * MIB : 300 * KIB);
        check_text(line_model_random(&random, size, random_between(&random, 1, 2000)));
    }
}

/* Several steps, of which none is counted twice. */
static void test_several_steps(void **state)
{
    struct random random = random_case(2);
    (void)state;
    check_text(line_model_random(&random, 2 * (uint64_t)INDEX_STEP + 12345, 90));
}

/* From any place on: what is before it is not counted. */
static void test_from_the_middle(void **state)
{
    struct random random = random_case(3);
    struct line_model model = line_model_random(&random, 3 * MIB + 7, 60);
    struct reading reading = open_text(&model);

    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        uint64_t start = random_below(&random, model.size);
        uint64_t before = bytes_scanned(world);
        struct record_index *index = count_from(&reading, &model, start, NULL);
        assert_int_equal(record_index_ends(index), line_model_ends_in(&model, start, model.size));
        assert_int_equal(record_index_ends_before(index, start / INDEX_BLOCK), 0);
        assert_int_equal(
            record_index_ends_before(index, start / INDEX_BLOCK + 1),
            line_model_ends_in(&model, start, (start / INDEX_BLOCK + 1) * INDEX_BLOCK));
        assert_int_equal(bytes_scanned(world) - before, model.size - start);
        record_index_unref(index);
    }
    reading_close(&reading);
    line_model_free(&model);
}

/* A file with holes: those of the model that have data are where `data` says. */
static uint64_t write_sparse(const struct line_model *model, const bool *data, uint64_t unit)
{
    int fd = scratch_open(&world->scratch, "sparse", O_RDWR | O_CREAT | O_TRUNC);
    uint64_t written = 0;

    assert_int_equal(ftruncate(fd, (off_t)model->size), 0);
    for (uint64_t place = 0; place < model->size; place += unit) {
        size_t length = (size_t)min_u64(unit, model->size - place);
        if (!data[place / unit])
            continue;
        assert_int_equal(pwrite(fd, model->bytes + place, length, (off_t)place), (ssize_t)length);
        written += length;
    }
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(close(fd), 0);
    sleep_ms(1);
    return written;
}

/* Whether the file system of the tests supports holes of this size. */
static bool has_holes(void)
{
    return (uint64_t)scratch_stat(&world->scratch, "sparse").st_blocks * 512 <
           (uint64_t)scratch_stat(&world->scratch, "sparse").st_size;
}

static void check_sparse(struct random *random, uint64_t size, uint64_t unit, unsigned percent)
{
    struct line_model model = line_model_make(size);
    bool *data = calloc(size / unit + 1, sizeof(*data));

    assert_int_equal(fault_guard_install(), 0);
    assert_non_null(data);
    line_model_scatter(&model, random, 100, 0);
    for (uint64_t place = 0; place < size; place += unit) {
        data[place / unit] = random_chance(random, percent);
        if (!data[place / unit])
            memset(model.bytes + place, 0, (size_t)min_u64(unit, size - place));
    }
    line_model_count(&model);
    uint64_t written = write_sparse(&model, data, unit);
    struct reading reading = reading_world_pin(world, "sparse");
    uint64_t before = bytes_scanned(world);
    struct record_index *index = count_from(&reading, &model, 0, NULL);
    line_model_check(&model, index);
    if (has_holes())
        assert_int_equal(bytes_scanned(world) - before, written);
    record_index_unref(index);
    reading_close(&reading);
    line_model_free(&model);
    free(data);
}

static void test_holes_are_not_scanned(void **state)
{
    static const unsigned percents[] = {0, 3, 50, 97};
    struct random random = random_case(4);
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(percents); i++) {
        check_sparse(&random, 3 * MIB + 1000, 64 * KIB, percents[i]);
        check_sparse(&random, 20 * MIB, MIB, percents[i]);
    }
}

static void test_files_that_cannot_be_mapped(void **state)
{
    static const int errors[] = {ENODEV, ENOMEM};
    struct random random = random_case(5);
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(errors); i++)
        for (unsigned spare = 0; spare < 3; spare++) {
            map_hook_reset();
            atomic_store(&map_error, errors[i]);
            atomic_store(&map_spare, spare);
            check_text(line_model_random(&random, 3 * MIB + 100, 50));
        }
}

/*
 * For files of other users the kernel does not say what is in the page cache, so they are read past
 * it. Only root can simulate this.
 */
static void test_files_of_others(void **state)
{
    struct random random = random_case(12);
    struct line_model model = line_model_random(&random, 3 * MIB + 100, 50);

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(fchmod(world->scratch.directory, 0755), 0);
    struct reading reading = open_text(&model);
    assert_int_equal(seteuid(65534), 0);
    struct record_index *index = count_from(&reading, &model, 0, NULL);
    struct record_index *part = count_from(&reading, &model, MIB + 1, NULL);
    assert_int_equal(seteuid(0), 0);
    line_model_check(&model, index);
    assert_int_equal(record_index_ends(part), line_model_ends_in(&model, MIB + 1, model.size));
    record_index_unref(index);
    record_index_unref(part);
    reading_close(&reading);
    line_model_free(&model);
}

/* Checks that an error is returned and that nothing counted before it is added. */
static void check_fails(const struct reading *reading, uint64_t size, int expected)
{
    struct record_index *index = record_index_new(&lines_format, size, NULL);
    assert_non_null(index);
    assert_int_equal(count(reading, 0, index), expected);
    for (size_t i = 0; i < index->blocks; i++)
        assert_int_equal(record_index_ends_before(index, i + 1), 0);
    record_index_unref(index);
}

static void test_an_error_of_mapping(void **state)
{
    struct random random = random_case(6);
    struct line_model model = line_model_random(&random, 3 * MIB, 50);
    struct reading reading = open_text(&model);

    (void)state;
    atomic_store(&map_error, EACCES);
    atomic_store(&map_spare, 1);
    check_fails(&reading, model.size, -EACCES);
    reading_close(&reading);
    line_model_free(&model);
}

static void happen_at_second(void (*what)(void))
{
    if (atomic_load(&map_count) == 2)
        what();
}

static void cut_file(void)
{
    int fd = openat(world->scratch.directory, "text", O_WRONLY);
    THREAD_CHECK(fd >= 0 && ftruncate(fd, 5000) == 0);
    (void)close(fd);
}

static void rewrite_file(void)
{
    int fd = openat(world->scratch.directory, "text", O_WRONLY);
    THREAD_CHECK(fd >= 0 && pwrite(fd, "\n\n\n\n\n\n", 6, MIB / 2) == 6);
    (void)close(fd);
}

static void append_to_file(void)
{
    int fd = openat(world->scratch.directory, "text", O_WRONLY | O_APPEND);
    THREAD_CHECK(fd >= 0 && write(fd, "\n\n\n\n\n\n", 6) == 6);
    (void)close(fd);
}

static void cut_at_second(int fd, off_t offset)
{
    (void)fd;
    (void)offset;
    happen_at_second(cut_file);
}

static void rewrite_at_second(int fd, off_t offset)
{
    (void)fd;
    (void)offset;
    happen_at_second(rewrite_file);
}

static void append_at_second(int fd, off_t offset)
{
    (void)fd;
    (void)offset;
    happen_at_second(append_to_file);
}

/* Pages that go away during the scan: SIGBUS becomes an error. */
static void test_cut_while_it_is_scanned(void **state)
{
    struct random random = random_case(7);
    struct line_model model = line_model_random(&random, 3 * MIB, 50);
    struct reading reading = open_text(&model);

    (void)state;
    map_after = cut_at_second;
    check_fails(&reading, model.size, -ESTALE);
    assert_int_equal(atomic_load(&map_count), 2);
    assert_threads_passed();
    reading_close(&reading);
    line_model_free(&model);
}

static void test_rewritten_while_it_is_scanned(void **state)
{
    struct random random = random_case(8);
    struct line_model model = line_model_random(&random, 3 * MIB, 50);
    struct reading reading = open_text(&model);

    (void)state;
    map_after = rewrite_at_second;
    check_fails(&reading, model.size, -ESTALE);
    assert_threads_passed();
    reading_close(&reading);
    line_model_free(&model);
}

static void test_appended_to_while_it_is_scanned(void **state)
{
    struct random random = random_case(9);
    struct line_model model = line_model_random(&random, 3 * MIB - 100, 50);
    struct reading reading = open_text(&model);

    (void)state;
    map_after = append_at_second;
    struct record_index *index = count_from(&reading, &model, 0, NULL);
    line_model_check(&model, index);
    assert_int_equal(scratch_stat(&world->scratch, "text").st_size, model.size + 6);
    assert_threads_passed();
    record_index_unref(index);
    reading_close(&reading);
    line_model_free(&model);
}

static bool yes(void *argument)
{
    (void)argument;
    return true;
}

/* Many extents: a reader that is gone need not wait for all of them. */
static void test_cancelled(void **state)
{
    enum { UNIT = 8192, PLACES = 1024 };
    const struct cancel cancel = {yes, NULL, 0};
    int fd = scratch_open(&world->scratch, "comb", O_RDWR | O_CREAT);

    (void)state;
    assert_int_equal(fault_guard_install(), 0);
    assert_int_equal(ftruncate(fd, 16 * MIB), 0);
    for (unsigned i = 0; i < PLACES; i++)
        assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)i * 2 * UNIT, UNIT), 0);
    assert_int_equal(close(fd), 0);
    struct reading reading = reading_world_pin(world, "comb");
    const struct reading cancelled = reading_for(&reading, &cancel);
    struct record_index *index = record_index_new(&lines_format, 16 * MIB, NULL);
    int error = index_count(&cancelled, 0, index->size, index);
    assert_true(error == -CANCELLED || error == 0); /* as the file system tells unwritten extents */
    record_index_unref(index);
    reading_close(&reading);
}

struct shared_count {
    const struct reading *reading;
    struct record_index *index;
    _Atomic uint64_t next;
};

static void take_steps(void *argument, unsigned thread)
{
    struct shared_count *shared = argument;
    uint64_t start;
    (void)thread;
    while ((start = atomic_fetch_add(&shared->next, INDEX_STEP)) < shared->index->size)
        THREAD_CHECK(count(shared->reading, start, shared->index) == 0);
}

static void test_several_threads(void **state)
{
    struct random random = random_case(10);
    struct line_model model = line_model_random(&random, 3 * (uint64_t)INDEX_STEP + 999, 120);
    struct reading reading = open_text(&model);
    struct shared_count shared = {&reading, record_index_new(&lines_format, model.size, NULL), 0};

    (void)state;
    assert_non_null(shared.index);
    run_threads(4, take_steps, &shared);
    record_index_finish(shared.index, model.bytes[model.size - 1] != '\n');
    line_model_check(&model, shared.index);
    assert_int_equal(bytes_scanned(world), model.size);
    record_index_unref(shared.index);
    reading_close(&reading);
    line_model_free(&model);
}

int main(void)
{
#define COUNT_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
#define SMALL_WINDOWS(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, setup_small_windows, world_teardown)
#define LARGE_WINDOWS(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, setup_large_windows, world_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_end_at_their_multiples),
        COUNT_TEST(test_random_texts),
        SMALL_WINDOWS(test_random_texts),
        LARGE_WINDOWS(test_random_texts),
        COUNT_TEST(test_several_steps),
        LARGE_WINDOWS(test_several_steps),
        COUNT_TEST(test_from_the_middle),
        SMALL_WINDOWS(test_from_the_middle),
        COUNT_TEST(test_holes_are_not_scanned),
        SMALL_WINDOWS(test_holes_are_not_scanned),
        COUNT_TEST(test_files_that_cannot_be_mapped),
        SMALL_WINDOWS(test_files_that_cannot_be_mapped),
        COUNT_TEST(test_files_of_others),
        COUNT_TEST(test_an_error_of_mapping),
        COUNT_TEST(test_cut_while_it_is_scanned),
        COUNT_TEST(test_rewritten_while_it_is_scanned),
        COUNT_TEST(test_appended_to_while_it_is_scanned),
        COUNT_TEST(test_cancelled),
        COUNT_TEST(test_several_threads),
        LARGE_WINDOWS(test_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
