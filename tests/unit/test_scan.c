/* SPDX-License-Identifier: MIT */
/*
 * scan: visits every byte once and in order, holes as holes, in steps; ends when the visitor has
 * seen enough, and reports if what it saw was not of the generation.
 *
 * This program is linked with --wrap=mmap and mmap64 (tests/unit/map_hook.h), and with --wrap=pread
 * and pread64, to simulate a disk with a bad block.
 */
#include "tests/unit/map_hook.h"
#include "tests/unit/support.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/scan.h"
#include "core/file/fault_guard.h"
#include "core/file/residency.h"

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    PAGE = 4096,
    MOST_MAPPED = 2 * MIB,
    SHORT = 128 * KIB, /* a stretch that is no longer is copied */
};

static _Atomic uint64_t bad_block; /* 0, or where a byte lies that cannot be read … */
static atomic_int bad_errno;       /* … with this error */

ssize_t __real_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __real_pread64(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t length, off_t offset);

static bool refuse_read(size_t length, off_t offset)
{
    const uint64_t bad = atomic_load(&bad_block);
    if (bad == 0 || bad < (uint64_t)offset || bad - (uint64_t)offset >= length)
        return false;
    errno = atomic_load(&bad_errno);
    return true;
}

ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset)
{
    return refuse_read(length, offset) ? -1 : __real_pread(fd, buffer, length, offset);
}

ssize_t __wrap_pread64(int fd, void *buffer, size_t length, off_t offset)
{
    return refuse_read(length, offset) ? -1 : __real_pread64(fd, buffer, length, offset);
}

/* How bytes get to the visitor. */
enum way {
    MAPPED,        /* windows of 16 MiB */
    SMALL_WINDOWS, /* of 20 KiB */
    COPIED,        /* the file's file system is not one whose files are mapped */
    REFUSED,       /* mmap(2) fails */
    REFUSED_LATER, /* after one success */
    WAYS
};

static struct world *world; /* of the running test */

static int setup_with(void **state, uint64_t window, uint64_t total)
{
    const struct world_limits limits = {16, window, total};
    int error = world_make(state, &limits);

    world = *state;
    map_hook_reset();
    atomic_store(&bad_block, 0);
    atomic_store(&pretended_file_system, EXT4_SUPER_MAGIC);
    return error;
}

static int setup(void **state)
{
    return setup_with(state, 16 * MIB, 64 * MIB);
}

static int setup_small_windows(void **state)
{
    return setup_with(state, 20 * KIB, 200 * KIB);
}

static int teardown(void **state)
{
    map_hook_reset();
    atomic_store(&pretended_file_system, EXT4_SUPER_MAGIC);
    return world_teardown(state);
}

static bool is_copied(enum way way)
{
    return way == COPIED || way == REFUSED;
}

/* Call it before the file is pinned. */
static void choose(enum way way)
{
    map_hook_reset();
    atomic_store(&pretended_file_system, way == COPIED ? TMPFS_MAGIC : EXT4_SUPER_MAGIC);
    atomic_store(&map_error, way == REFUSED || way == REFUSED_LATER ? ENOMEM : 0);
    atomic_store(&map_spare, way == REFUSED_LATER ? 1 : 0);
}

/* --- a visitor that checks what it sees ------------------------------------------------------- */

struct seen {
    const uint8_t *model; /* NULL: the pattern of kind 1 */
    const bool *holes;    /* by pages, or NULL: none is known */
    uint64_t place;       /* where the next visit must begin */
    uint64_t data;        /* bytes */
    uint64_t hole;        /* bytes */
    size_t longest;       /* visit */
    unsigned visits;      /* of data */
    uint64_t enough;      /* it has seen enough when it stands here or further on; 0: never */
    void (*meanwhile)(struct seen *seen); /* called in each visit of data, or NULL */
};

static bool has_enough(const struct seen *seen)
{
    return seen->enough != 0 && seen->place >= seen->enough;
}

static bool see_data(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct seen *seen = argument;

    if (seen->meanwhile != NULL)
        seen->meanwhile(seen);
    THREAD_CHECK(length > 0 && offset == seen->place && !has_enough(seen));
    THREAD_CHECK(seen->model != NULL ? memcmp(bytes, seen->model + offset, length) == 0
                                     : pattern_matches(bytes, length, offset, 1));
    seen->place += length;
    seen->data += length;
    seen->longest = length > seen->longest ? length : seen->longest;
    seen->visits++;
    return !has_enough(seen);
}

/* What is passed as a hole must be one. */
static bool see_hole(void *argument, uint64_t offset, uint64_t length)
{
    struct seen *seen = argument;

    THREAD_CHECK(length > 0 && offset == seen->place && !has_enough(seen));
    for (uint64_t at = offset; seen->holes != NULL && at < offset + length; at += PAGE)
        THREAD_CHECK(seen->holes[at / PAGE]);
    seen->place += length;
    seen->hole += length;
    return !has_enough(seen);
}

static const struct scan_visitor with_holes = {.data = see_data, .hole = see_hole};
static const struct scan_visitor without_holes = {.data = see_data};

/* --- random files ----------------------------------------------------------------------------- */

/* A sparse file. Stretches begin and end at any byte. */
struct sparse {
    uint64_t size;
    uint8_t *model; /* owned */
    bool *holes;    /* owned; by pages: nothing was written there */
    struct reading reading;
};

static void sparse_make(struct sparse *sparse, struct random *random, enum way way)
{
    const uint64_t longest = random_chance(random, 50) ? 200 * KIB : 3 * MIB;

    sparse->size = random_between(random, 1, random_chance(random, 50) ? 500 * KIB : 6 * MIB);
    sparse->model = calloc(1, sparse->size);
    sparse->holes = malloc(sparse->size / PAGE + 1);
    assert_non_null(sparse->model);
    assert_non_null(sparse->holes);
    memset(sparse->holes, true, sparse->size / PAGE + 1);
    AUTO_CLOSE int fd = scratch_open(&world->scratch, "sparse", O_RDWR | O_CREAT | O_TRUNC);
    assert_int_equal(ftruncate(fd, (off_t)sparse->size), 0);
    for (uint64_t at = random_below(random, longest); at < sparse->size;
         at += random_between(random, 1, longest)) {
        size_t length = (size_t)min_u64(random_between(random, 1, longest), sparse->size - at);
        pattern_fill(sparse->model + at, length, at, 1);
        assert_int_equal(pwrite(fd, sparse->model + at, length, (off_t)at), length);
        for (uint64_t page = at / PAGE; page <= (at + length - 1) / PAGE; page++)
            sparse->holes[page] = false;
        at += length;
    }
    if (random_chance(random, 50))
        assert_int_equal(fsync(fd), 0);
    choose(way);
    sparse->reading = reading_world_pin(world, "sparse");
}

static void sparse_free(struct sparse *sparse)
{
    reading_close(&sparse->reading);
    free(sparse->model);
    free(sparse->holes);
}

/* Bytes of pages where nothing was written. */
static uint64_t hole_bytes(const struct sparse *sparse)
{
    uint64_t bytes = 0;
    for (uint64_t at = 0; at < sparse->size; at += PAGE)
        bytes += sparse->holes[at / PAGE] ? min_u64(PAGE, sparse->size - at) : 0;
    return bytes;
}

/* Whether the file system tells of holes. */
static bool knows_holes(void)
{
    AUTO_CLOSE int fd = scratch_open(&world->scratch, "holes", O_RDWR | O_CREAT);
    assert_int_equal(ftruncate(fd, MIB), 0);
    return lseek(fd, 0, SEEK_HOLE) == 0;
}

/* Scans some stretches, from anywhere to anywhere. */
static void check_sparse(const struct sparse *sparse, struct random *random, enum way way)
{
    for (int i = 0; i < 20; i++) {
        uint64_t start = i == 0 ? 0 : random_below(random, sparse->size);
        uint64_t end = i == 0 ? sparse->size : random_between(random, start, sparse->size);
        bool passes = random_chance(random, 70);
        struct seen seen = {.model = sparse->model, .holes = sparse->holes, .place = start};
        if (random_chance(random, 30))
            seen.enough = random_between(random, start, end);
        bool stops = seen.enough > start;
        seen.enough = stops ? seen.enough : 0;

        assert_int_equal(
            scan(&sparse->reading, start, end, passes ? &with_holes : &without_holes, &seen), 0);
        assert_threads_passed();
        if (stops)
            assert_in_range(seen.place, seen.enough, end);
        else
            assert_int_equal(seen.place, end);
        assert_int_equal(seen.data + seen.hole, seen.place - start);
        assert_int_equal(passes ? 0 : seen.hole, 0);
        assert_in_range(seen.longest, 0, is_copied(way) ? CONTENT_SCRATCH : MOST_MAPPED);
        if (i == 0 && passes && !stops && hole_bytes(sparse) >= MIB && knows_holes())
            assert_true(seen.hole >= hole_bytes(sparse) / 2); /* blocks may be large */
    }
}

static void check_random_files(enum way way, unsigned count)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t number = 0; number < count; number++) {
        struct random random = random_case(1000 * (uint64_t)way + number);
        struct sparse sparse;
        sparse_make(&sparse, &random, way);
        check_sparse(&sparse, &random, way);
        sparse_free(&sparse);
    }
}

static void test_random_files(void **state)
{
    (void)state;
    check_random_files(MAPPED, 40);
    check_random_files(COPIED, 40);
    check_random_files(REFUSED, 30);
    check_random_files(REFUSED_LATER, 30);
}

static void test_random_files_in_small_windows(void **state)
{
    (void)state;
    check_random_files(SMALL_WINDOWS, 30);
    check_random_files(REFUSED_LATER, 20);
}

/* --- a file that is all data ------------------------------------------------------------------ */

static struct reading open_full(uint64_t size, enum way way)
{
    AUTO_FREE uint8_t *bytes = malloc(size);

    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    pattern_fill(bytes, size, 0, 1);
    (void)unlinkat(world->scratch.directory, "full", 0);
    scratch_write(&world->scratch, "full", bytes, size);
    choose(way);
    return reading_world_pin(world, "full");
}

/* Long stretches are looked at in place, in steps of 2 MiB; short ones are copied. */
static void test_steps(void **state)
{
    const uint64_t size = 9 * MIB + 777;
    (void)state;

    for (enum way way = MAPPED; way < WAYS; way++) {
        struct reading reading = open_full(size, way);
        struct seen seen = {.place = 0};
        assert_int_equal(scan(&reading, 0, SHORT, &with_holes, &seen), 0);
        assert_int_equal(seen.visits, 1);
        assert_int_equal(atomic_load(&map_count), way == COPIED ? 0 : 1); /* from a read's window */
        reading_close(&reading);
        reading = open_full(size, way);
        seen = (struct seen){.place = 0};
        assert_int_equal(scan(&reading, 0, size, &with_holes, &seen), 0);
        assert_threads_passed();
        assert_int_equal(seen.data, size);
        if (way == MAPPED) {
            assert_int_equal(seen.visits, 5);
            assert_int_equal(seen.longest, MOST_MAPPED);
            assert_int_equal(atomic_load(&map_count), 1);
        }
        if (is_copied(way)) {
            assert_int_equal(seen.visits, size / CONTENT_SCRATCH + 1);
            assert_int_equal(seen.longest, CONTENT_SCRATCH);
            assert_int_equal(count_mappings(world->scratch.path, NULL), 0);
        }
        reading_close(&reading);
    }
}

/* Nothing is looked at of nothing. */
static void test_empty_stretches(void **state)
{
    struct reading reading = open_full(MIB, MAPPED);
    struct seen seen = {.place = 5};
    (void)state;

    assert_int_equal(scan(&reading, 5, 5, &with_holes, &seen), 0);
    assert_int_equal(scan(&reading, MIB, MIB, &with_holes, &seen), 0);
    assert_int_equal(scan(&reading, 6, 5, &with_holes, &seen), 0);
    assert_int_equal(seen.visits, 0);
    reading_close(&reading);
}

/* Says yes from the ask of a number on. */
struct patience {
    int asked;
    int most;
};

static bool is_over(void *argument)
{
    struct patience *patience = argument;
    return patience->asked++ >= patience->most;
}

/* It is asked before each step, and ends at the first yes. What was seen by then was right. */
static void test_cancelled(void **state)
{
    const uint64_t size = 9 * MIB;
    (void)state;

    for (enum way way = MAPPED; way < WAYS; way++) {
        struct reading reading = open_full(size, way);
        for (int most = 0; most < 5; most++) {
            struct patience patience = {.most = most};
            const struct cancel cancel = {is_over, &patience, 0};
            const struct reading asking = reading_for(&reading, &cancel);
            struct seen seen = {.place = 0};
            assert_int_equal(scan(&asking, 0, size, &with_holes, &seen), -CANCELLED);
            assert_threads_passed();
            assert_int_equal(seen.visits, most);
            assert_int_equal(patience.asked, most + 1);
        }
        reading_close(&reading);
    }
}

/* If it is cancelled and the file has changed by then, the latter is reported. */
static void change_file(struct seen *seen)
{
    if (seen->visits == 1)
        scratch_overwrite(&world->scratch, "full", "#", 1, 5000);
}

static void test_cancelled_and_changed(void **state)
{
    struct patience patience = {.most = 2};
    const struct cancel cancel = {is_over, &patience, 0};
    struct reading reading = open_full(9 * MIB, MAPPED);
    const struct reading asking = reading_for(&reading, &cancel);
    struct seen seen = {.meanwhile = change_file};
    (void)state;

    scratch_let_time_pass(&world->scratch, "full");
    assert_int_equal(scan(&asking, 0, 9 * MIB, &with_holes, &seen), -ESTALE);
    reading_close(&reading);
}

/* --- what goes wrong -------------------------------------------------------------------------- */

static void cut_file(struct seen *seen)
{
    if (seen->visits == 1)
        scratch_truncate(&world->scratch, "full", 5000);
}

static void append_to_file(struct seen *seen)
{
    if (seen->visits == 1)
        scratch_append(&world->scratch, "full", "more", 4);
}

static void replace_file(struct seen *seen)
{
    const int at = world->scratch.directory;
    if (seen->visits == 1)
        assert_int_equal(renameat(at, "other", at, "full"), 0);
}

/* A change in the middle of a scan: nothing found in other bytes is trusted. */
static void test_changed_meanwhile(void **state)
{
    const struct {
        void (*change)(struct seen *seen);
        int outcome;
    } cases[] = {
        {cut_file, -ESTALE}, {change_file, -ESTALE}, {replace_file, -ESTALE}, {append_to_file, 0}};
    const uint64_t size = 9 * MIB;
    (void)state;

    for (enum way way = MAPPED; way < WAYS; way++)
        for (size_t i = 0; i < LENGTH_OF(cases); i++) {
            struct reading reading = open_full(size, way);
            struct seen seen = {.meanwhile = cases[i].change};
            scratch_write(&world->scratch, "other", "other", 5);
            scratch_let_time_pass(&world->scratch, "full");
            assert_int_equal(scan(&reading, 0, size, &with_holes, &seen), cases[i].outcome);
            if (cases[i].outcome == 0)
                assert_int_equal(seen.data, size);
            seen = (struct seen){.place = 0};
            if (cases[i].outcome != 0)
                assert_int_equal(scan(&reading, 0, size, &with_holes, &seen), -ESTALE);
            reading_close(&reading);
        }
    assert_threads_passed();
}

/* A block that cannot be read, or whose checksum is wrong, in a file that is copied. */
static void test_bad_block_copied(void **state)
{
    const uint64_t size = 3 * MIB;
    (void)state;

    for (int i = 0; i < 4; i++) {
        struct reading reading = open_full(size, i % 2 == 0 ? COPIED : REFUSED);
        struct seen seen = {.place = 0};
        atomic_store(&bad_errno, i / 2 == 0 ? EIO : EBADMSG);
        atomic_store(&bad_block, 2 * MIB + 5);
        assert_int_equal(scan(&reading, 0, size, &with_holes, &seen), -EIO);
        assert_threads_passed();
        assert_int_equal(seen.data, 2 * MIB);
        atomic_store(&bad_block, 0);
        seen = (struct seen){.place = 0};
        assert_int_equal(scan(&reading, 0, size, &with_holes, &seen), 0);
        assert_int_equal(seen.data, size);
        reading_close(&reading);
    }
}

static int nothing = -1; /* a file of no bytes */

/* Lays a page over a new window that gives SIGBUS when it is touched, as a bad block does. */
static void spoil_window(int fd, off_t offset)
{
    (void)fd;
    (void)offset;
    THREAD_CHECK(__real_mmap((char *)map_last + 3 * MIB, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED,
                             nothing, 0) != MAP_FAILED);
}

/* The same in a window: the visitor is left in the middle, and this process lives. */
static void test_bad_block_mapped(void **state)
{
    const uint64_t size = 9 * MIB;
    (void)state;

    nothing = memfd_create("nothing", MFD_CLOEXEC);
    assert_true(nothing >= 0);
    struct reading reading = open_full(size, MAPPED);
    struct seen seen = {.place = 0};
    map_after = spoil_window;
    assert_int_equal(scan(&reading, 0, size, &with_holes, &seen), -EIO);
    assert_threads_passed();
    assert_int_equal(seen.data, MOST_MAPPED);
    map_after = NULL;
    window_pool_forget(&world->pool.windows, generation_number(reading.generation));
    seen = (struct seen){.place = 0};
    assert_int_equal(scan(&reading, 0, size, &with_holes, &seen), 0);
    assert_int_equal(seen.data, size);
    reading_close(&reading);
    assert_int_equal(close(nothing), 0);
    assert_int_equal(window_pool_mapped(&world->pool.windows), 0);
}

/* An error of mmap(2) that does not mean that the file cannot be mapped. */
static void test_an_error_of_mapping(void **state)
{
    struct reading reading = open_full(3 * MIB, MAPPED);
    struct seen seen = {.place = 0};
    (void)state;

    atomic_store(&map_error, EACCES);
    assert_int_equal(scan(&reading, 0, 3 * MIB, &with_holes, &seen), -EACCES);
    assert_int_equal(seen.visits, 0);
    reading_close(&reading);
}

/* If all windows are in use, it is copied without waiting. */
static void test_no_window_is_had(void **state)
{
    struct window_loan loans[4];
    struct reading others = open_full(64 * MIB, MAPPED);
    int fd = -1;
    (void)state;

    assert_int_equal(reading_borrow(&others, &fd), 0);
    for (uint64_t i = 0; i < LENGTH_OF(loans); i++)
        assert_int_equal(window_acquire(&world->pool.windows, WINDOW_SCANS, UINT64_MAX, fd,
                                        i * 16 * MIB, 64 * MIB, &loans[i]),
                         0);
    struct reading reading = open_full(3 * MIB, MAPPED);
    struct seen seen = {.place = 0};
    assert_int_equal(scan(&reading, 0, 3 * MIB, &with_holes, &seen), 0);
    assert_threads_passed();
    assert_int_equal(seen.data, 3 * MIB);
    assert_int_equal(seen.longest, CONTENT_SCRATCH);
    assert_int_equal(atomic_load(&map_count), 0);
    for (size_t i = 0; i < LENGTH_OF(loans); i++)
        window_release(&world->pool.windows, &loans[i]);
    window_pool_forget(&world->pool.windows, UINT64_MAX);
    reading_return(&others);
    reading_close(&others);
    reading_close(&reading);
}

/*
 * For files of other users the kernel does not say what is in the page cache, so they are read past
 * it. Only root can simulate this.
 */
static void test_files_of_others(void **state)
{
    struct seen seen = {.place = MIB + 1};
    (void)state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(fchmod(world->scratch.directory, 0755), 0);
    struct reading reading = open_full(5 * MIB, MAPPED);
    assert_int_equal(seteuid(65534), 0);
    int error = scan(&reading, MIB + 1, 5 * MIB, &with_holes, &seen);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(error, 0);
    assert_threads_passed();
    assert_int_equal(seen.place, 5 * MIB);
    reading_close(&reading);
}

/* --- the page cache --------------------------------------------------------------------------- */

enum { COLD_SIZE = 12 * MIB };

/* A file of which nothing is in the page cache. */
static struct reading open_cold(int *fd)
{
    struct reading reading = open_full(COLD_SIZE, MAPPED);

    *fd = scratch_open(&world->scratch, "full", O_RDWR);
    assert_int_equal(fsync(*fd), 0);
    assert_int_equal(posix_fadvise(*fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    if (!residency_is_empty(*fd, 0, COLD_SIZE)) {
        print_message("the kernel does not tell what is cached, or this is no disk\n");
        reading_close(&reading);
        assert_int_equal(close(*fd), 0);
        skip();
    }
    return reading;
}

/* What a scan of [stretch[0], stretch[1]) brought in leaves. Returns whether another page stayed.
 */
static bool scan_of_cold_file(const void *argument)
{
    const uint64_t *stretch = argument;
    char page[PAGE];
    int fd = -1;
    struct reading reading = open_cold(&fd);
    struct seen seen = {.place = stretch[0]};

    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
    assert_int_equal(pread(fd, page, PAGE, 9 * MIB), PAGE);
    assert_int_equal(scan(&reading, stretch[0], stretch[1], &with_holes, &seen), 0);
    assert_threads_passed();
    assert_true(residency_is_empty(fd, stretch[0], min_u64(stretch[1], 9 * MIB) - stretch[0]));
    assert_true(residency_is_empty(fd, 9 * MIB + PAGE, COLD_SIZE - 9 * MIB - PAGE));
    const bool stayed = residency_is_full(fd, 9 * MIB, PAGE);
    assert_int_equal(close(fd), 0);
    reading_close(&reading);
    return stayed;
}

/* What a scan brought in leaves the page cache, and what was there before stays. */
static void test_page_cache(void **state)
{
    const uint64_t stretches[][2] = {
        {0, COLD_SIZE}, {0, SHORT}, {5 * MIB, 5 * MIB + SHORT}, {4 * MIB, COLD_SIZE}};
    (void)state;

    world->pool.drop_behind.enabled = true;
    for (size_t i = 0; i < LENGTH_OF(stretches); i++)
        assert_true(succeeds_in_time(scan_of_cold_file, stretches[i]));
}

/* --- threads ---------------------------------------------------------------------------------- */

static void scan_any(void *argument, unsigned index)
{
    const struct reading *reading = argument;
    struct random random = random_case(50000 + index);

    for (int i = 0; i < 15; i++) {
        struct seen seen = {.place = random_below(&random, reading->size)};
        uint64_t start = seen.place;
        uint64_t end = random_between(&random, start, reading->size);
        THREAD_CHECK(scan(reading, start, end, &with_holes, &seen) == 0);
        THREAD_CHECK(seen.place == end && seen.data == end - start);
    }
}

static void test_threads(void **state)
{
    struct reading reading = open_full(3 * MIB + 99, MAPPED);
    (void)state;

    (void)test_seed();
    run_threads(6, scan_any, &reading);
    reading_close(&reading);
    assert_int_equal(window_pool_mapped(&world->pool.windows), 0);
}

#define SCAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SMALL_WINDOWS_TEST(name)                                                                   \
    cmocka_unit_test_setup_teardown(name, setup_small_windows, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCAN_TEST(test_random_files),
        SMALL_WINDOWS_TEST(test_random_files_in_small_windows),
        SCAN_TEST(test_steps),
        SCAN_TEST(test_empty_stretches),
        SCAN_TEST(test_cancelled),
        SCAN_TEST(test_cancelled_and_changed),
        SCAN_TEST(test_changed_meanwhile),
        SCAN_TEST(test_bad_block_copied),
        SCAN_TEST(test_bad_block_mapped),
        SCAN_TEST(test_an_error_of_mapping),
        SCAN_TEST(test_no_window_is_had),
        SCAN_TEST(test_files_of_others),
        SCAN_TEST(test_page_cache),
        SCAN_TEST(test_threads),
        SMALL_WINDOWS_TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
