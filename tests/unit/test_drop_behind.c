/* SPDX-License-Identifier: MIT */
/* drop_behind: what bigfs's reads brought into the page cache leaves it; what was there stays. */
#include "tests/unit/support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/content/content.h"
#include "core/file/residency.h"

enum { KIB = 1024, MIB = 1024 * KIB, SIZE = 40 * MIB + 12345, PAGE = 4096 };

static int setup(void **state)
{
    int error = world_setup(state);
    if (error == 0)
        ((struct world *)*state)->pool.drop_behind.enabled = true;
    return error;
}

/* A file on disk of which nothing is in the page cache. */
static struct reading cold_file(struct world *world)
{
    AUTO_FREE char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    pattern_fill(bytes, SIZE, 0, 1);
    scratch_write(&world->scratch, "file", bytes, SIZE);
    AUTO_CLOSE int fd = scratch_open(&world->scratch, "file", O_RDWR);
    struct reading reading = reading_world_pin(world, "file");
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    if (!residency_is_empty(fd, 0, SIZE)) {
        print_message("the kernel does not tell what is cached, or this is no disk\n");
        reading_close(&reading);
        skip();
    }
    return reading;
}

static uint64_t cached_bytes(const struct world *world, uint64_t offset, uint64_t length)
{
    AUTO_CLOSE int fd = scratch_open(&world->scratch, "file", O_RDONLY);
    size_t pages = (length + PAGE - 1) / PAGE;
    AUTO_FREE unsigned char *there = calloc(pages, 1);
    void *map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)offset);
    uint64_t count = 0;

    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mincore(map, length, there), 0);
    (void)munmap(map, length);
    for (size_t i = 0; i < pages; i++)
        count += there[i] & 1;
    return count * PAGE;
}

/* Brings pages in as another process would, without reading ahead. */
static void bring_in(const struct world *world, uint64_t offset, uint64_t length)
{
    AUTO_CLOSE int fd = scratch_open(&world->scratch, "file", O_RDONLY);
    char page[PAGE];

    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
    for (uint64_t end = offset + length; offset < end; offset += PAGE)
        assert_int_equal(pread(fd, page, PAGE, (off_t)offset), PAGE);
}

static void read_stretch(const struct reading *reading, uint64_t start, uint64_t end, size_t step)
{
    AUTO_FREE char *bytes = malloc(step);

    for (uint64_t offset = start; offset < end; offset += step) {
        size_t part = (size_t)min_u64(step, end - offset);
        if (content_read_at_once(reading, bytes, part, offset) != 0)
            (void)THREAD_CHECK(content_read(reading, bytes, part, offset) == 0);
        (void)THREAD_CHECK(pattern_matches(bytes, part, offset, 1));
    }
}

static void check_read_once(struct world *world, size_t step)
{
    struct reading reading = cold_file(world);

    read_stretch(&reading, 0, SIZE, step);
    assert_threads_passed();
    assert_true(cached_bytes(world, 0, SIZE) <= MIB);
    assert_true(atomic_load(&world->pool.drop_behind.dropped) >= SIZE - MIB);
    reading_close(&reading);
}

static void test_read_once(void **state)
{
    check_read_once(*state, MIB);
}

static void test_in_smaller_steps(void **state)
{
    check_read_once(*state, 128 * KIB);
}

static void test_steps_at_odd_places(void **state)
{
    check_read_once(*state, 333 * KIB + 1);
}

/* Probes at many places, as for a listing of `lines`, do not count as another program's pages. */
static void test_probes(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);
    char bytes[4096 + 100];

    bring_in(world, 5 * MIB + 2 * PAGE, PAGE);
    for (uint64_t place = PAGE + 7; place + sizeof(bytes) < SIZE; place += MIB / 2)
        assert_int_equal(content_probe(&reading, bytes, sizeof(bytes), place), 0);
    assert_int_equal(cached_bytes(world, 0, SIZE),
                     2 * PAGE); /* one touched a page that was there */
    read_stretch(&reading, 0, SIZE, MIB);
    assert_true(cached_bytes(world, 0, SIZE) <= 2 * MIB);
    reading_close(&reading);
}

static void test_probes_disabled(void **state)
{
    struct world *world = *state;
    char bytes[100];
    world->pool.drop_behind.enabled = false;
    struct reading reading = cold_file(world);

    assert_int_equal(content_probe(&reading, bytes, sizeof(bytes), MIB), 0);
    assert_true(cached_bytes(world, MIB, PAGE) > 0);
    reading_close(&reading);
}

static void test_disabled(void **state)
{
    struct world *world = *state;
    world->pool.drop_behind.enabled = false;
    struct reading reading = cold_file(world);

    read_stretch(&reading, 0, SIZE, MIB);
    assert_threads_passed();
    assert_true(cached_bytes(world, 0, SIZE) >= SIZE - 4 * MIB);
    reading_close(&reading);
}

static void test_what_was_there_stays(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);

    bring_in(world, 0, 20 * MIB);
    read_stretch(&reading, 0, SIZE, MIB);
    assert_threads_passed();
    assert_true(cached_bytes(world, 0, 20 * MIB) >= 19 * MIB);
    assert_true(cached_bytes(world, 20 * MIB, SIZE - 20 * MIB) <= MIB);
    reading_close(&reading);
}

/* One page makes its block another program's, and no other block. */
static void test_single_pages(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);

    bring_in(world, 3 * MIB + 5 * PAGE, PAGE);
    bring_in(world, 20 * MIB, PAGE);
    read_stretch(&reading, 0, SIZE, MIB);
    assert_threads_passed();
    assert_int_equal(cached_bytes(world, 3 * MIB + 5 * PAGE, PAGE), PAGE);
    assert_int_equal(cached_bytes(world, 20 * MIB, PAGE), PAGE);
    assert_true(cached_bytes(world, 0, SIZE) <= 3 * MIB);
    reading_close(&reading);
}

/* A region that is not read to its end keeps what the reader may want next. */
static void test_not_before_it_is_handed_over(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);

    read_stretch(&reading, 0, 8 * MIB, MIB);
    assert_threads_passed();
    assert_int_equal(atomic_load(&world->pool.drop_behind.dropped), 0);
    reading_close(&reading);
}

/* A check is not trusted for ever: other programs may have read since, and their pages stay. */
static void test_others_come_while_the_reader_pauses(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);

    world->pool.drop_behind.remembered = 1000; /* far longer than the first stretch takes */
    read_stretch(&reading, 0, 4 * MIB, MIB);
    for (int pause = 0; pause < 3; pause++) { /* a read now and then does not make it fresh */
        (void)usleep(600 * 1000);
        read_stretch(&reading, 4 * MIB, 4 * MIB + 64 * KIB, 64 * KIB);
    }
    bring_in(world, 8 * MIB, 24 * MIB);
    (void)usleep(600 * 1000); /* 2.4 s since the look */
    read_stretch(&reading, 4 * MIB, SIZE, MIB);
    assert_threads_passed();
    assert_true(cached_bytes(world, 8 * MIB, 24 * MIB) >= 23 * MIB);
    assert_true(cached_bytes(world, 0, 4 * MIB) <= MIB); /* bigfs's own, and handed over */
    reading_close(&reading);
}

static void test_warm_file(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);

    bring_in(world, 0, SIZE - SIZE % PAGE);
    for (int i = 0; i < 3; i++)
        read_stretch(&reading, 0, SIZE, MIB);
    assert_threads_passed();
    assert_int_equal(atomic_load(&world->pool.drop_behind.dropped), 0);
    reading_close(&reading);
}

static void read_quarter(void *argument, unsigned index)
{
    uint64_t quarter = SIZE / 4 + 1;
    read_stretch(argument, index * quarter, min_u64(SIZE, (index + 1) * quarter), 256 * KIB);
}

static void test_several_readers(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);

    run_threads(4, read_quarter, &reading);
    /* If one reader's stretch ends in another's block, some of it may be read again, and stay. */
    assert_true(cached_bytes(world, 0, SIZE) <= SIZE / 2);
    reading_close(&reading);
}

/* More regions than there is room for: the first are forgotten, and looked at again. */
static void test_many_regions(void **state)
{
    struct world *world = *state;
    struct reading reading = cold_file(world);
    AUTO_CLOSE int fd = scratch_open(&world->scratch, "file", O_RDONLY);

    for (uint64_t owner = 1000; owner < 1000 + 2 * DROP_REGIONS; owner++) {
        const struct drop_read read = {owner, fd, SIZE, 0, MIB};
        drop_behind_before(&world->pool.drop_behind, &read);
        drop_behind_after(&world->pool.drop_behind, &read);
    }
    read_stretch(&reading, 0, SIZE, MIB);
    assert_threads_passed();
    assert_true(cached_bytes(world, 0, SIZE) <= MIB);
    reading_close(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_once, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_in_smaller_steps, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_steps_at_odd_places, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_probes, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_probes_disabled, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_disabled, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_what_was_there_stays, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_single_pages, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_not_before_it_is_handed_over, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_others_come_while_the_reader_pauses, setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_warm_file, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_several_readers, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_many_regions, setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
