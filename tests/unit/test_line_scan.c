/*
 * line_scan: counts line ends, and believes only what it saw of its generation.
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
#include "core/index/line_scan.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static struct world *world; /* of the test that runs */

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

static struct reader open_text(const struct line_model *model)
{
    assert_int_equal(fault_guard_install(), 0);
    (void)unlinkat(world->scratch.directory, "text", 0);
    line_model_write(model, &world->scratch, "text");
    return reader_pin(world, "text");
}

static int scan(const struct reader *reader, uint64_t start, struct line_index *index)
{
    return line_scan(reader->source, reader->generation, start, index->size, NULL, index);
}

/* Counts all from `start` on; finished. */
static struct line_index *scan_from(const struct reader *reader, const struct line_model *model,
                                    uint64_t start, const struct line_index *old)
{
    struct line_index *index = line_index_new(model->size, old);
    assert_non_null(index);
    for (uint64_t place = start; place < model->size; place = line_step_end(place, model->size))
        assert_int_equal(scan(reader, place, index), 0);
    line_index_finish(index, model->bytes[model->size - 1] != '\n');
    return index;
}

static void check_text(struct line_model model)
{
    struct reader reader = open_text(&model);
    uint64_t before = bytes_scanned(world);
    struct line_index *index = scan_from(&reader, &model, 0, NULL);

    line_model_check(&model, index);
    assert_int_equal(bytes_scanned(world) - before, model.size);
    line_index_unref(index);
    reader_close(&reader);
    line_model_free(&model);
}

static void test_steps_end_at_their_multiples(void **state)
{
    const uint64_t step = LINE_STEP;
    (void)state;
    assert_int_equal(line_step_end(0, 1), 1);
    assert_int_equal(line_step_end(0, 9 * step), step);
    assert_int_equal(line_step_end(step - 1, 9 * step), step);
    assert_int_equal(line_step_end(step, 9 * step), 2 * step);
    assert_int_equal(line_step_end(step + 5, step + 9), step + 9);
    assert_int_equal(line_step_end(OFFSET_MAX - 1, OFFSET_MAX), OFFSET_MAX);
    assert_int_equal(step % LINE_BLOCK, 0);
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
    check_text(line_model_random(&random, 2 * (uint64_t)LINE_STEP + 12345, 90));
}

/* From any place on: what is before it is not counted. */
static void test_from_the_middle(void **state)
{
    struct random random = random_case(3);
    struct line_model model = line_model_random(&random, 3 * MIB + 7, 60);
    struct reader reader = open_text(&model);

    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        uint64_t start = random_below(&random, model.size);
        uint64_t before = bytes_scanned(world);
        struct line_index *index = scan_from(&reader, &model, start, NULL);
        assert_int_equal(line_index_ends(index), line_model_ends_in(&model, start, model.size));
        assert_int_equal(line_index_ends_before(index, start / LINE_BLOCK), 0);
        assert_int_equal(line_index_ends_before(index, start / LINE_BLOCK + 1),
                         line_model_ends_in(&model, start, (start / LINE_BLOCK + 1) * LINE_BLOCK));
        assert_int_equal(bytes_scanned(world) - before, model.size - start);
        line_index_unref(index);
    }
    reader_close(&reader);
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

/* Whether holes are to be had where the tests run, and of this size. */
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
    struct reader reader = reader_pin(world, "sparse");
    uint64_t before = bytes_scanned(world);
    struct line_index *index = scan_from(&reader, &model, 0, NULL);
    line_model_check(&model, index);
    if (has_holes())
        assert_int_equal(bytes_scanned(world) - before, written);
    line_index_unref(index);
    reader_close(&reader);
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
 * Of the files of others the kernel does not tell what is in the page cache: they are read past it.
 * Only root can play this.
 */
static void test_files_of_others(void **state)
{
    struct random random = random_case(12);
    struct line_model model = line_model_random(&random, 3 * MIB + 100, 50);

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(fchmod(world->scratch.directory, 0755), 0);
    struct reader reader = open_text(&model);
    assert_int_equal(seteuid(65534), 0);
    struct line_index *index = scan_from(&reader, &model, 0, NULL);
    struct line_index *part = scan_from(&reader, &model, MIB + 1, NULL);
    assert_int_equal(seteuid(0), 0);
    line_model_check(&model, index);
    assert_int_equal(line_index_ends(part), line_model_ends_in(&model, MIB + 1, model.size));
    line_index_unref(index);
    line_index_unref(part);
    reader_close(&reader);
    line_model_free(&model);
}

/* An error is told, and nothing is added of what was counted before it. */
static void check_fails(const struct reader *reader, uint64_t size, int expected)
{
    struct line_index *index = line_index_new(size, NULL);
    assert_non_null(index);
    assert_int_equal(scan(reader, 0, index), expected);
    for (size_t i = 0; i < index->blocks; i++)
        assert_int_equal(line_index_ends_before(index, i + 1), 0);
    line_index_unref(index);
}

static void test_an_error_of_mapping(void **state)
{
    struct random random = random_case(6);
    struct line_model model = line_model_random(&random, 3 * MIB, 50);
    struct reader reader = open_text(&model);

    (void)state;
    atomic_store(&map_error, EACCES);
    atomic_store(&map_spare, 1);
    check_fails(&reader, model.size, -EACCES);
    reader_close(&reader);
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

/* Pages that go away under the scan: SIGBUS becomes an error. */
static void test_cut_while_it_is_scanned(void **state)
{
    struct random random = random_case(7);
    struct line_model model = line_model_random(&random, 3 * MIB, 50);
    struct reader reader = open_text(&model);

    (void)state;
    map_after = cut_at_second;
    check_fails(&reader, model.size, -ESTALE);
    assert_int_equal(atomic_load(&map_count), 2);
    assert_threads_passed();
    reader_close(&reader);
    line_model_free(&model);
}

static void test_rewritten_while_it_is_scanned(void **state)
{
    struct random random = random_case(8);
    struct line_model model = line_model_random(&random, 3 * MIB, 50);
    struct reader reader = open_text(&model);

    (void)state;
    map_after = rewrite_at_second;
    check_fails(&reader, model.size, -ESTALE);
    assert_threads_passed();
    reader_close(&reader);
    line_model_free(&model);
}

static void test_appended_to_while_it_is_scanned(void **state)
{
    struct random random = random_case(9);
    struct line_model model = line_model_random(&random, 3 * MIB - 100, 50);
    struct reader reader = open_text(&model);

    (void)state;
    map_after = append_at_second;
    struct line_index *index = scan_from(&reader, &model, 0, NULL);
    line_model_check(&model, index);
    assert_int_equal(scratch_stat(&world->scratch, "text").st_size, model.size + 6);
    assert_threads_passed();
    line_index_unref(index);
    reader_close(&reader);
    line_model_free(&model);
}

static bool yes(void *argument)
{
    (void)argument;
    return true;
}

/* Many extents: who is gone need not wait for all of them. */
static void test_cancelled(void **state)
{
    enum { UNIT = 8192, PLACES = 1024 };
    const struct cancel cancel = {yes, NULL};
    int fd = scratch_open(&world->scratch, "comb", O_RDWR | O_CREAT);

    (void)state;
    assert_int_equal(fault_guard_install(), 0);
    assert_int_equal(ftruncate(fd, 16 * MIB), 0);
    for (unsigned i = 0; i < PLACES; i++)
        assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)i * 2 * UNIT, UNIT), 0);
    assert_int_equal(close(fd), 0);
    struct reader reader = reader_pin(world, "comb");
    struct line_index *index = line_index_new(16 * MIB, NULL);
    int error = line_scan(reader.source, reader.generation, 0, index->size, &cancel, index);
    assert_true(error == -CANCELLED || error == 0); /* as the file system tells unwritten extents */
    line_index_unref(index);
    reader_close(&reader);
}

struct shared_scan {
    const struct reader *reader;
    struct line_index *index;
    _Atomic uint64_t next;
};

static void take_steps(void *argument, unsigned thread)
{
    struct shared_scan *shared = argument;
    uint64_t start;
    (void)thread;
    while ((start = atomic_fetch_add(&shared->next, LINE_STEP)) < shared->index->size)
        THREAD_CHECK(scan(shared->reader, start, shared->index) == 0);
}

static void test_several_threads(void **state)
{
    struct random random = random_case(10);
    struct line_model model = line_model_random(&random, 3 * (uint64_t)LINE_STEP + 999, 120);
    struct reader reader = open_text(&model);
    struct shared_scan shared = {&reader, line_index_new(model.size, NULL), 0};

    (void)state;
    assert_non_null(shared.index);
    run_threads(4, take_steps, &shared);
    line_index_finish(shared.index, model.bytes[model.size - 1] != '\n');
    line_model_check(&model, shared.index);
    assert_int_equal(bytes_scanned(world), model.size);
    line_index_unref(shared.index);
    reader_close(&reader);
    line_model_free(&model);
}

int main(void)
{
#define SCAN_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
#define SMALL_WINDOWS(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, setup_small_windows, world_teardown)
#define LARGE_WINDOWS(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, setup_large_windows, world_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_end_at_their_multiples),
        SCAN_TEST(test_random_texts),
        SMALL_WINDOWS(test_random_texts),
        LARGE_WINDOWS(test_random_texts),
        SCAN_TEST(test_several_steps),
        LARGE_WINDOWS(test_several_steps),
        SCAN_TEST(test_from_the_middle),
        SMALL_WINDOWS(test_from_the_middle),
        SCAN_TEST(test_holes_are_not_scanned),
        SMALL_WINDOWS(test_holes_are_not_scanned),
        SCAN_TEST(test_files_that_cannot_be_mapped),
        SMALL_WINDOWS(test_files_that_cannot_be_mapped),
        SCAN_TEST(test_files_of_others),
        SCAN_TEST(test_an_error_of_mapping),
        SCAN_TEST(test_cut_while_it_is_scanned),
        SCAN_TEST(test_rewritten_while_it_is_scanned),
        SCAN_TEST(test_appended_to_while_it_is_scanned),
        SCAN_TEST(test_cancelled),
        SCAN_TEST(test_several_threads),
        LARGE_WINDOWS(test_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
