/* SPDX-License-Identifier: MIT */
/*
 * plain_read: large reads come from windows, small ones do not; whatever happens meanwhile the
 * bytes are right or there is an error, the windows are bounded, and the page cache is left as it
 * was.
 *
 * This program is linked with --wrap=mmap, mmap64, munmap and madvise, so that it always knows how
 * much of files is mapped, and can act just before or after bytes are brought in.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/content/plain_read.h"
#include "core/file/fault_guard.h"
#include "core/file/residency.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    PAGE = 4096,
    LARGE = 64 * KIB, /* from this size on a read comes from a window */
    WINDOW = MIB,
    TOTAL = 16 * WINDOW, /* all of the file: else resident bytes are not mapped */
    SIZE = 8 * MIB + 12345,
    COLD_SIZE = 48 * MIB, /* three regions of drop_behind */
};

/* What is mapped of files, known by the addresses; and what mmap(2) and madvise(2) do. */
static struct {
    pthread_mutex_t lock;
    struct {
        void *address;
        size_t length;
    } mappings[64];  /* protected by lock */
    uint64_t mapped; /* protected by lock; bytes */
    uint64_t most;   /* protected by lock */
    atomic_uint count;
    atomic_int map_error;      /* 0, or what mmap(2) of a file fails with */
    atomic_int populate_error; /* 0, or what bringing in fails with */
    _Atomic(void *) before;    /* void (*)(void): before bytes are brought in, or NULL */
    _Atomic(void *) after;     /* the same for afterwards */
} real = {.lock = PTHREAD_MUTEX_INITIALIZER};

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);
int __real_madvise(void *address, size_t length, int advice);
int __wrap_madvise(void *address, size_t length, int advice);

static void note_mapping(void *address, size_t length)
{
    HOLD_LOCK(&real.lock);
    for (size_t i = 0; i < LENGTH_OF(real.mappings); i++)
        if (real.mappings[i].address == NULL) {
            real.mappings[i].address = address;
            real.mappings[i].length = length;
            break;
        }
    real.mapped += length;
    real.most = max_u64(real.most, real.mapped);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && atomic_load(&real.map_error) != 0) {
        errno = atomic_load(&real.map_error);
        return MAP_FAILED;
    }
    void *mapped = __real_mmap(address, length, protection, flags, fd, offset);
    if (fd >= 0 && mapped != MAP_FAILED) {
        atomic_fetch_add(&real.count, 1);
        note_mapping(mapped, length);
    }
    return mapped;
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return __wrap_mmap(address, length, protection, flags, fd, offset);
}

int __wrap_munmap(void *address, size_t length)
{
    {
        HOLD_LOCK(&real.lock);
        for (size_t i = 0; i < LENGTH_OF(real.mappings); i++)
            if (real.mappings[i].address == address) {
                real.mapped -= real.mappings[i].length;
                real.mappings[i].address = NULL;
            }
    }
    return __real_munmap(address, length);
}

static void happen(void *what)
{
    if (what != NULL)
        ((void (*)(void))(uintptr_t)what)();
}

int __wrap_madvise(void *address, size_t length, int advice)
{
    if (advice != MADV_POPULATE_READ)
        return __real_madvise(address, length, advice);
    happen(atomic_load(&real.before));
    if (atomic_load(&real.populate_error) != 0) {
        errno = atomic_load(&real.populate_error);
        return -1;
    }
    int result = __real_madvise(address, length, advice);
    int error = errno;
    happen(atomic_load(&real.after));
    errno = error;
    return result;
}

static struct world *world; /* of the running test */

static int setup_with(void **state, uint64_t window, uint64_t total)
{
    const struct world_limits limits = {16, window, total};
    int error = world_make(state, &limits);

    world = *state;
    atomic_store(&real.map_error, 0);
    atomic_store(&real.populate_error, 0);
    atomic_store(&real.before, NULL);
    atomic_store(&real.after, NULL);
    atomic_store(&pretended_file_system, EXT4_SUPER_MAGIC);
    return error;
}

static int setup(void **state)
{
    return setup_with(state, WINDOW, TOTAL);
}

static int setup_dropping(void **state)
{
    int error = setup_with(state, 4 * MIB, 16 * MIB);
    if (error == 0)
        world->pool.drop_behind.enabled = true;
    return error;
}

static int teardown(void **state)
{
    atomic_store(&pretended_file_system, EXT4_SUPER_MAGIC);
    return world_teardown(state);
}

static void make_file(const char *name, uint64_t size, uint64_t kind)
{
    AUTO_FREE uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(fault_guard_install(), 0);
    pattern_fill(bytes, size, 0, kind);
    scratch_write(&world->scratch, name, bytes, size);
}

static struct reading open_file(uint64_t size)
{
    make_file("file", size, 1);
    return reading_world_pin(world, "file");
}

static unsigned mappings(void)
{
    return count_mappings(world->scratch.path, NULL);
}

/* A read in one of the ways, which must not fail, and gives the bytes of this kind. */
static void check_read(const struct reading *reading, enum content_way way, uint64_t offset,
                       size_t length, uint64_t kind)
{
    AUTO_FREE uint8_t *bytes = malloc(length + 1);
    int error = -1;

    assert_non_null(bytes);
    bytes[length] = 0x5a;
    if (way == CONTENT_READS)
        error = content_read(reading, bytes, length, offset);
    else if (way == CONTENT_PROBES)
        error = content_probe(reading, bytes, length, offset);
    else
        error = content_read_at_once(reading, bytes, length, offset);
    /* The path was not looked at for a second, or the bytes have left the cache. */
    for (int i = 0; i < 20 && error == -NOT_AT_ONCE; i++) {
        assert_int_equal(content_read(reading, bytes, length, offset), 0);
        error = content_read_at_once(reading, bytes, length, offset);
    }
    assert_int_equal(error, 0);
    assert_true(pattern_matches(bytes, length, offset, kind));
    assert_int_equal(bytes[length], 0x5a);
}

static const enum content_way ways[] = {CONTENT_READS, CONTENT_PROBES, CONTENT_AT_ONCE};

/* Which reads map something, wherever they lie. */
static void test_large_reads_come_from_windows(void **state)
{
    const uint64_t offsets[] = {0, 1, WINDOW - 10, 3 * WINDOW, SIZE - LARGE};
    (void)state;

    for (size_t way = 0; way < LENGTH_OF(ways); way++)
        for (size_t i = 0; i < LENGTH_OF(offsets); i++) {
            struct reading reading = open_file(SIZE);
            check_read(&reading, ways[way], offsets[i], LARGE - 1, 1);
            check_read(&reading, ways[way], offsets[i], 1, 1);
            assert_int_equal(mappings(), 0);
            check_read(&reading, ways[way], offsets[i], LARGE, 1);
            assert_in_range(mappings(), 1, 2);
            assert_true(is_mapped(world->scratch.path, offsets[i] / WINDOW * WINDOW));
            reading_close(&reading);
            assert_int_equal(mappings(), 0);
        }
}

/* Reads of the same place share a window, and map it once. */
static void test_windows_are_kept(void **state)
{
    struct reading reading = open_file(SIZE);
    (void)state;

    atomic_store(&real.count, 0);
    for (int i = 0; i < 20; i++)
        check_read(&reading, ways[i % 3], (uint64_t)i * 1000, 2 * LARGE, 1);
    assert_int_equal(atomic_load(&real.count), 1);
    reading_close(&reading);
}

/*
 * A file that may not be mapped is not mapped, nor one that is not pinned, as nothing would unmap
 * it.
 */
static void test_not_mapped(void **state)
{
    int fd = -1;
    (void)state;

    atomic_store(&pretended_file_system, TMPFS_MAGIC);
    struct reading reading = open_file(SIZE);
    for (size_t way = 0; way < LENGTH_OF(ways); way++)
        check_read(&reading, ways[way], 77, 3 * MIB, 1);
    assert_int_equal(mappings(), 0);
    reading_close(&reading);

    atomic_store(&pretended_file_system, EXT4_SUPER_MAGIC);
    make_file("other", SIZE, 2);
    reading = reading_world_look(world, "other");
    assert_int_equal(reading_borrow(&reading, &fd), 0);
    for (size_t way = LENGTH_OF(ways); way-- > 0;)
        check_read(&reading, ways[way], 77, 3 * MIB, 2);
    assert_int_equal(mappings(), 0);
    assert_int_equal(reading_pin(&reading), 0);
    for (size_t way = LENGTH_OF(ways); way-- > 0;)
        check_read(&reading, ways[way], 77, 3 * MIB, 2);
    assert_true(mappings() > 0);
    reading_return(&reading);
    reading_close(&reading);
    assert_int_equal(mappings(), 0);
}

/* What mmap(2) refuses, for whatever reason, is still read. */
static void test_refused_by_mmap(void **state)
{
    const int errors[] = {ENODEV, ENOMEM, EACCES, EPERM, EAGAIN, EINVAL};
    struct reading reading = open_file(SIZE);
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(errors); i++)
        for (size_t way = 0; way < LENGTH_OF(ways); way++) {
            atomic_store(&real.map_error, errors[i]);
            check_read(&reading, ways[way], 100, 2 * MIB, 1);
        }
    assert_int_equal(window_pool_mapped(&world->pool.windows), 0);
    atomic_store(&real.map_error, 0);
    check_read(&reading, CONTENT_READS, 100, 2 * MIB, 1);
    assert_true(mappings() > 0);
    reading_close(&reading);
}

/* Lends `count` windows of another file, as scans do. */
static void lend_windows(int fd, struct window_loan *loans, size_t count)
{
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(window_acquire(&world->pool.windows, WINDOW_SCANS, UINT64_MAX, fd,
                                        i * WINDOW, TOTAL, &loans[i]),
                         0);
}

static void take_windows_back(const struct window_loan *loans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        window_release(&world->pool.windows, &loans[i]);
}

/* A read over more windows than are to be had: the rest of it is read otherwise. */
static void test_some_windows_are_had(void **state)
{
    enum { HAD = 4, LENT = TOTAL / WINDOW - HAD };
    struct random random = random_case(1);
    struct window_loan loans[LENT];
    (void)state;

    make_file("others", TOTAL, 3);
    int fd = scratch_open(&world->scratch, "others", O_RDONLY);
    lend_windows(fd, loans, LENT);
    struct reading reading = open_file(SIZE);
    check_read(&reading, CONTENT_READS, 0, SIZE, 1); /* nine windows, of which four are had */
    if (mappings() > 0) /* all that are to be had; the last one of the file is shorter */
        assert_in_range(real.mapped, TOTAL - WINDOW + 1, TOTAL);
    for (int i = 0; i < 100; i++) {
        uint64_t offset = random_below(&random, SIZE);
        size_t length = (size_t)random_between(&random, 1, SIZE - offset);
        check_read(&reading, ways[i % 3], offset, length, 1);
        assert_true(real.mapped <= TOTAL);
    }
    take_windows_back(loans, LENT);
    reading_close(&reading);
    window_pool_forget(&world->pool.windows, UINT64_MAX);
    assert_int_equal(close(fd), 0);
}

/*
 * Through the windows of a file that is larger than all of them a reader would only pass. So what
 * is resident is not mapped. What is not is brought in through them, and they stay bounded.
 */
static void test_a_file_larger_than_all_windows(void **state)
{
    enum { LARGER = TOTAL + WINDOW };
    (void)state;

    struct reading reading = open_file(LARGER);
    for (size_t way = 0; way < LENGTH_OF(ways); way++)
        check_read(&reading, ways[way], 99, 2 * MIB, 1);
    assert_int_equal(mappings(), 0);
    int fd = scratch_open(&world->scratch, "file", O_RDWR);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    const bool cold = residency_is_empty(fd, 0, LARGER);
    check_read(&reading, CONTENT_READS, 99, 2 * MIB, 1);
    if (cold)
        assert_true(mappings() > 0);
    check_read(&reading, CONTENT_READS, 0, LARGER, 1);
    assert_true(real.most <= TOTAL);
    assert_int_equal(close(fd), 0);
    reading_close(&reading);
}

/* If others have all windows a read waits for none of them. */
static void test_no_window_is_had(void **state)
{
    struct window_loan loans[TOTAL / WINDOW];
    int fd = -1;
    (void)state;

    make_file("others", TOTAL, 3);
    fd = scratch_open(&world->scratch, "others", O_RDONLY);
    lend_windows(fd, loans, LENGTH_OF(loans));
    struct reading reading = open_file(SIZE);
    atomic_store(&real.count, 0);
    for (size_t way = 0; way < LENGTH_OF(ways); way++)
        check_read(&reading, ways[way], 99, 2 * MIB, 1);
    assert_int_equal(atomic_load(&real.count), 0);
    take_windows_back(loans, LENGTH_OF(loans));
    check_read(&reading, CONTENT_READS, 99, 2 * MIB, 1); /* they were used just now */
    assert_int_equal(atomic_load(&real.count), 0);
    sleep_ms(150);
    check_read(&reading, CONTENT_READS, 99, 2 * MIB, 1);
    assert_true(atomic_load(&real.count) > 0);
    reading_close(&reading);
    window_pool_forget(&world->pool.windows, UINT64_MAX);
    assert_int_equal(close(fd), 0);
    assert_int_equal(window_pool_mapped(&world->pool.windows), 0);
}

/* Any stretch of a file of any size, with holes or without. */
static void test_random_reads(void **state)
{
    (void)state;
    for (uint64_t number = 0; number < 25; number++) {
        struct random random = random_case(100 + number);
        const uint64_t size = random_between(&random, 1, 3 * MIB);
        AUTO_FREE uint8_t *model = calloc(1, size);
        AUTO_FREE uint8_t *bytes = malloc(size);
        assert_non_null(model);
        assert_non_null(bytes);
        assert_int_equal(fault_guard_install(), 0);
        AUTO_CLOSE int fd = scratch_open(&world->scratch, "sparse", O_RDWR | O_CREAT | O_TRUNC);
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        for (uint64_t at = 0; at < size; at += random_between(&random, 1, 700 * KIB)) {
            size_t length = (size_t)min_u64(random_between(&random, 1, 300 * KIB), size - at);
            pattern_fill(model + at, length, at, number);
            assert_int_equal(pwrite(fd, model + at, length, (off_t)at), length);
        }
        struct reading reading = reading_world_pin(world, "sparse");
        for (int i = 0; i < 60; i++) {
            uint64_t offset = random_below(&random, size);
            size_t length = (size_t)random_between(&random, 1, size - offset);
            memset(bytes, 0x5a, length);
            if (content_read_at_once(&reading, bytes, length, offset) != 0)
                assert_int_equal(content_read(&reading, bytes, length, offset), 0);
            assert_memory_equal(bytes, model + offset, length);
        }
        reading_close(&reading);
    }
}

/* --- many threads ----------------------------------------------------------------------------- */

enum { FILES = 3, READERS = 8 };

struct crowd {
    struct reading readings[FILES];
};

static void read_any(void *argument, unsigned index)
{
    const struct crowd *crowd = argument;
    struct random random = random_case(200 + index);
    AUTO_FREE uint8_t *bytes = malloc(2 * MIB);

    for (int i = 0; i < 150 && THREAD_CHECK(bytes != NULL); i++) {
        unsigned file = (unsigned)random_below(&random, FILES);
        const struct reading *reading = &crowd->readings[file];
        uint64_t offset = random_below(&random, SIZE - 2 * MIB);
        size_t length = (size_t)random_between(&random, 1, 2 * MIB);
        if (random_chance(&random, 30))
            THREAD_CHECK(content_probe(reading, bytes, length, offset) == 0);
        else if (random_chance(&random, 60) ||
                 content_read_at_once(reading, bytes, length, offset) != 0)
            THREAD_CHECK(content_read(reading, bytes, length, offset) == 0);
        THREAD_CHECK(pattern_matches(bytes, length, offset, file));
        THREAD_CHECK(window_pool_mapped(&world->pool.windows) <= TOTAL);
        if (random_chance(&random, 5))
            sleep_ms(120); /* windows become idle, and are given to others */
    }
}

/* Whatever is read, the windows never map more than their total, and give right bytes. */
static void check_crowd(void)
{
    struct crowd crowd;

    (void)test_seed();
    for (unsigned i = 0; i < FILES; i++) {
        char name[8] = {(char)('a' + i), '\0'};
        make_file(name, SIZE, i);
        crowd.readings[i] = reading_world_pin(world, name);
    }
    real.most = 0;
    run_threads(READERS, read_any, &crowd);
    assert_in_range(real.most, WINDOW, TOTAL);
    for (unsigned i = 0; i < FILES; i++)
        reading_close(&crowd.readings[i]);
    assert_int_equal(real.mapped, 0);
    assert_int_equal(window_pool_mapped(&world->pool.windows), 0);
}

static void test_windows_are_bounded(void **state)
{
    (void)state;
    check_crowd();
}

static void test_windows_are_bounded_while_dropping(void **state)
{
    (void)state;
    world->pool.drop_behind.enabled = true;
    check_crowd();
}

/* --- what goes wrong -------------------------------------------------------------------------- */

static void cut(void)
{
    int fd = openat(world->scratch.directory, "file", O_WRONLY | O_CLOEXEC);
    THREAD_CHECK(fd >= 0 && ftruncate(fd, 5000) == 0 && close(fd) == 0);
}

/* Takes the file out of the page cache: what is resident need not be brought in. */
static void cool(const struct reading *reading)
{
    int fd = scratch_open(&world->scratch, "file", O_RDWR);
    (void)reading;
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    bool gone = residency_is_empty(fd, 0, SIZE);
    assert_int_equal(close(fd), 0);
    if (!gone) {
        print_message("the kernel does not tell what is cached, or this is no disk\n");
        skip();
    }
}

/* Truncated just before and just after the bytes are brought in, and with nothing brought in. */
static void test_truncated_while_it_is_copied(void **state)
{
    static uint8_t bytes[2 * MIB];
    (void)state;

    for (int way = 0; way < 3; way++) {
        struct reading reading = open_file(SIZE);
        cool(&reading);
        atomic_store(&real.populate_error, way == 2 ? EINVAL : 0);
        atomic_store(way == 1 ? &real.after : &real.before, (void *)(uintptr_t)cut);
        assert_int_equal(content_read(&reading, bytes, sizeof(bytes), MIB / 2), -ESTALE);
        atomic_store(&real.before, NULL);
        atomic_store(&real.after, NULL);
        assert_int_equal(content_read(&reading, bytes, sizeof(bytes), MIB / 2), -ESTALE);
        assert_threads_passed();
        reading_close(&reading);
        assert_int_equal(real.mapped, 0);
    }
}

/* A kernel that cannot bring in, and one that may not just now. */
static void test_not_brought_in(void **state)
{
    const int errors[] = {EINVAL, ENOMEM, EAGAIN, EINTR};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(errors); i++) {
        struct reading reading = open_file(SIZE);
        cool(&reading);
        atomic_store(&real.populate_error, errors[i]);
        check_read(&reading, CONTENT_READS, 50, 3 * MIB, 1);
        atomic_store(&real.populate_error, 0);
        reading_close(&reading);
    }
}

/* If bytes cannot be brought in, pread(2) says why; or has them. */
static void test_bad_blocks(void **state)
{
    const int errors[] = {EFAULT, EHWPOISON};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(errors); i++) {
        struct reading reading = open_file(SIZE);
        cool(&reading);
        atomic_store(&real.populate_error, errors[i]);
        check_read(&reading, CONTENT_READS, MIB / 2, MIB, 1);
        atomic_store(&real.populate_error, 0);
        check_read(&reading, CONTENT_READS, 50, 3 * MIB, 1);
        reading_close(&reading);
    }
}

struct cutting {
    struct reading reading;
    atomic_uint started;
};

static void read_or_cut(void *argument, unsigned index)
{
    struct cutting *cutting = argument;
    struct random random = random_case(300 + index);
    AUTO_FREE uint8_t *bytes = malloc(2 * MIB);
    int error = 0;

    if (index == 0) {
        while (atomic_load(&cutting->started) < 3)
            sleep_ms(1);
        cut();
        return;
    }
    for (int i = 0; error == 0 && THREAD_CHECK(bytes != NULL); i++) {
        uint64_t offset = random_below(&random, SIZE - 2 * MIB);
        size_t length = (size_t)random_between(&random, LARGE, 2 * MIB);
        error = content_read(&cutting->reading, bytes, length, offset);
        THREAD_CHECK(error != 0 || pattern_matches(bytes, length, offset, 1));
        if (i == 0)
            atomic_fetch_add(&cutting->started, 1);
    }
    THREAD_CHECK(error == -ESTALE);
}

/* Cut at any moment: right bytes, then -ESTALE, and this process lives. */
static void test_truncated_at_any_moment(void **state)
{
    (void)state;
    (void)test_seed();
    for (int round = 0; round < 15; round++) {
        struct cutting cutting = {.reading = open_file(SIZE)};
        if (round % 2 == 1)
            cool(&cutting.reading);
        run_threads(4, read_or_cut, &cutting);
        reading_close(&cutting.reading);
    }
}

/* All of it or an error, at the end of the file as well. */
static void test_beyond_the_end(void **state)
{
    static uint8_t bytes[2 * MIB];
    struct reading reading = open_file(SIZE);
    (void)state;

    assert_int_equal(content_read(&reading, bytes, MIB, SIZE - MIB + 1), -EIO);
    assert_int_equal(content_read(&reading, bytes, MIB, SIZE), -EIO);
    assert_int_equal(content_read(&reading, bytes, MIB, SIZE + 5 * MIB), -EIO);
    assert_int_equal(content_read_at_once(&reading, bytes, MIB, SIZE - MIB + 1), -NOT_AT_ONCE);
    assert_int_equal(content_read_at_once(&reading, bytes, MIB, SIZE), -NOT_AT_ONCE);
    check_read(&reading, CONTENT_READS, SIZE - MIB, MIB, 1);
    reading_close(&reading);
}

/* Appended to: what is new is read through windows too, beyond where the last one was cut. */
static void test_appended(void **state)
{
    static uint8_t more[WINDOW];
    struct reading reading = open_file(SIZE);
    (void)state;

    check_read(&reading, CONTENT_READS, SIZE - LARGE, LARGE, 1);
    for (uint64_t size = SIZE; size < SIZE + 3 * sizeof(more); size += sizeof(more)) {
        pattern_fill(more, sizeof(more), size, 1);
        scratch_append(&world->scratch, "file", more, sizeof(more));
        struct reading again = reading_again(&reading);
        check_read(&again, CONTENT_READS, size - 1000, sizeof(more) + 1000, 1);
        check_read(&again, CONTENT_PROBES, size - 1000, sizeof(more) + 1000, 1);
        /* Not as long as the sample has not been compared again. */
        if (content_read_at_once(&again, more, sizeof(more), size) == 0)
            assert_true(pattern_matches(more, sizeof(more), size, 1));
        reading_close(&again);
    }
    reading_close(&reading);
}

/* --- the page cache --------------------------------------------------------------------------- */

/* A file of which nothing is in the page cache; *fd is another descriptor of it. */
static struct reading cold_file(int *fd)
{
    make_file("file", COLD_SIZE, 1);
    *fd = scratch_open(&world->scratch, "file", O_RDWR);
    struct reading reading = reading_world_pin(world, "file");
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

static void read_stretch(const struct reading *reading, uint64_t start, uint64_t end, size_t step)
{
    for (uint64_t offset = start; offset < end; offset += step)
        check_read(reading, CONTENT_READS, offset, (size_t)min_u64(step, end - offset), 1);
}

/* What was read through windows leaves the cache, though these stay mapped. */
static void test_drop_behind_unmaps_first(void **state)
{
    const size_t steps[] = {LARGE, 128 * KIB, MIB, 5 * MIB};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(steps); i++) {
        int fd = -1;
        struct reading reading = cold_file(&fd);
        read_stretch(&reading, 0, COLD_SIZE, steps[i]);
        assert_true(mappings() > 0);
        assert_true(residency_is_empty(fd, 0, COLD_SIZE));
        assert_int_equal(close(fd), 0);
        reading_close(&reading);
    }
}

/* Brings single pages in as another process would. */
static void bring_in(int fd, uint64_t offset, uint64_t length)
{
    char page[PAGE];
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
    for (uint64_t at = offset; at < offset + length; at += PAGE)
        assert_int_equal(pread(fd, page, PAGE, (off_t)at), PAGE);
}

/* Reads all of a file of which two stretches were there. Returns whether these have stayed. */
static bool read_around(const void *argument)
{
    int fd = -1;
    struct reading reading = cold_file(&fd);
    (void)argument;

    bring_in(fd, 5 * MIB, MIB);
    bring_in(fd, 20 * MIB, MIB);
    read_stretch(&reading, 0, COLD_SIZE, MIB);
    assert_true(residency_is_empty(fd, 0, 5 * MIB));
    assert_true(residency_is_empty(fd, 6 * MIB, 14 * MIB));
    assert_true(residency_is_empty(fd, 21 * MIB, COLD_SIZE - 21 * MIB));
    const bool stayed = residency_is_full(fd, 5 * MIB, MIB) && residency_is_full(fd, 20 * MIB, MIB);
    assert_int_equal(close(fd), 0);
    reading_close(&reading);
    return stayed;
}

/* What was there before is another program's, and stays; and nothing else does. */
static void test_what_was_there_stays(void **state)
{
    (void)state;
    assert_true(succeeds_in_time(read_around, NULL));
}

/* Reads a file that is all there. Returns whether it has stayed, and nothing was dropped. */
static bool read_warm(const void *argument)
{
    int fd = -1;
    struct reading reading = cold_file(&fd);
    const uint64_t before = atomic_load(&world->pool.drop_behind.dropped);
    (void)argument;

    bring_in(fd, 0, COLD_SIZE);
    for (size_t way = 0; way < LENGTH_OF(ways); way++)
        for (uint64_t offset = 0; offset < COLD_SIZE; offset += MIB)
            check_read(&reading, ways[way], offset, MIB, 1);
    const uint64_t dropped = atomic_load(&world->pool.drop_behind.dropped) - before;
    const bool stayed = residency_is_full(fd, 0, COLD_SIZE);
    assert_int_equal(close(fd), 0);
    reading_close(&reading);
    return stayed && dropped == 0;
}

/* What is resident is copied from where it is: reading it brings in and drops nothing. */
static void test_warm_file(void **state)
{
    (void)state;
    assert_true(succeeds_in_time(read_warm, NULL));
}

/* A read brings in nothing before it, so a reader of one piece does not affect the others. */
static void test_nothing_before_is_brought_in(void **state)
{
    const uint64_t places[] = {16 * MIB, 17 * MIB + 12345, 40 * MIB};
    (void)state;

    for (int dropping = 0; dropping < 2; dropping++)
        for (size_t i = 0; i < LENGTH_OF(places); i++) {
            int fd = -1;
            world->pool.drop_behind.enabled = dropping == 1;
            struct reading reading = cold_file(&fd);
            read_stretch(&reading, places[i], places[i] + 3 * MIB, MIB);
            assert_true(mappings() > 0);
            assert_true(residency_is_empty(fd, 0, places[i] / MIB * MIB));
            assert_int_equal(close(fd), 0);
            reading_close(&reading);
        }
}

/* Probes of a length leave nothing. Returns whether the page that was there has stayed. */
static bool probe(const void *argument)
{
    const size_t length = *(const size_t *)argument;
    int fd = -1;
    struct reading reading = cold_file(&fd);

    bring_in(fd, 30 * MIB + PAGE, PAGE);
    check_read(&reading, CONTENT_PROBES, 17 * MIB, length, 1);
    check_read(&reading, CONTENT_PROBES, 2 * MIB, length, 1);
    assert_true(residency_is_empty(fd, 17 * MIB, length));
    assert_true(residency_is_empty(fd, 2 * MIB, length));
    check_read(&reading, CONTENT_PROBES, 30 * MIB, LARGE, 1);
    const bool stayed = residency_is_full(fd, 30 * MIB + PAGE, PAGE);
    assert_int_equal(close(fd), 0);
    reading_close(&reading);
    return stayed;
}

/* A probe leaves nothing, however long it is, even if it comes from a window. */
static void test_probes(void **state)
{
    const size_t lengths[] = {1, PAGE, LARGE - 1, LARGE, 128 * KIB, 256 * KIB, 5 * MIB};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(lengths); i++)
        assert_true(succeeds_in_time(probe, &lengths[i]));
}

#define READ_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define DROP_TEST(name) cmocka_unit_test_setup_teardown(name, setup_dropping, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READ_TEST(test_large_reads_come_from_windows),
        READ_TEST(test_windows_are_kept),
        READ_TEST(test_not_mapped),
        READ_TEST(test_refused_by_mmap),
        READ_TEST(test_some_windows_are_had),
        READ_TEST(test_a_file_larger_than_all_windows),
        READ_TEST(test_no_window_is_had),
        READ_TEST(test_random_reads),
        READ_TEST(test_windows_are_bounded),
        READ_TEST(test_windows_are_bounded_while_dropping),
        READ_TEST(test_truncated_while_it_is_copied),
        READ_TEST(test_not_brought_in),
        READ_TEST(test_bad_blocks),
        READ_TEST(test_truncated_at_any_moment),
        READ_TEST(test_beyond_the_end),
        READ_TEST(test_appended),
        DROP_TEST(test_drop_behind_unmaps_first),
        DROP_TEST(test_what_was_there_stays),
        DROP_TEST(test_warm_file),
        DROP_TEST(test_nothing_before_is_brought_in),
        DROP_TEST(test_probes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
