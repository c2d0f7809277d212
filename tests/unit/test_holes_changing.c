/* SPDX-License-Identifier: MIT */
/*
 * holes of a file that changes: what was a hole is never served as zeros once it is filled.
 *
 * This program is linked with --wrap=pread and pread64, so that it can simulate a disk with a bad
 * block, and a program that writes whenever the ends of a file are read.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/content/contents.h"
#include "core/content/holes.h"
#include "core/format/lines.h"
#include "core/record/boundary.h"

enum { KIB = 1024, MIB = 1024 * KIB, BLOCK = 4096, SIZE = 2 * MIB, PART = 64 * KIB };

/* What happens to a read of a block at either end of a file. */
static struct {
    _Atomic uint64_t bad; /* a read that starts here fails; 0: none */
    atomic_int grows;     /* the file of this descriptor is appended to at each look at its head */
} disk = {0, -1};

ssize_t __real_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __real_pread64(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t length, off_t offset);

static bool refuse_read(size_t length, off_t offset)
{
    int grows = atomic_load(&disk.grows);
    if (grows >= 0 && offset == 0 && length <= BLOCK)
        (void)!write(grows, "x", 1);
    if (atomic_load(&disk.bad) == 0 || (uint64_t)offset != atomic_load(&disk.bad))
        return false;
    errno = EIO;
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

static int setup(void **state)
{
    atomic_store(&disk.bad, 0);
    atomic_store(&disk.grows, -1);
    return world_setup(state);
}

static int teardown(void **state)
{
    atomic_store(&disk.bad, 0);
    atomic_store(&disk.grows, -1);
    return world_teardown(state);
}

/* A sparse file: the pattern in its first and last block, and zeros in between. */
struct sparse {
    struct world *world;
    uint8_t *model;
    uint8_t *bytes;
    uint64_t size;
    int fd;
    struct reading reading;
};

static void put(struct sparse *sparse, uint64_t offset, uint64_t length, uint64_t kind)
{
    pattern_fill(sparse->model + offset, length, offset, kind);
    assert_int_equal(pwrite(sparse->fd, sparse->model + offset, length, (off_t)offset), length);
    sparse->size = max_u64(sparse->size, offset + length);
}

/* The mtime of a second ago: a capture need not wait. */
static void let_rest(const struct sparse *sparse)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec--;
    assert_int_equal(futimens(sparse->fd, times), 0);
}

/* `allocated` bytes in the middle are preallocated. */
static struct sparse sparse_make(struct world *world, uint64_t allocated)
{
    struct sparse sparse = {
        .world = world, .model = calloc(1, 2 * SIZE), .bytes = calloc(1, 2 * SIZE), .size = SIZE};

    assert_non_null(sparse.model);
    assert_non_null(sparse.bytes);
    sparse.fd = scratch_open(&world->scratch, "file", O_RDWR | O_CREAT | O_TRUNC);
    assert_int_equal(ftruncate(sparse.fd, SIZE), 0);
    put(&sparse, 0, BLOCK, 1);
    put(&sparse, SIZE - BLOCK, BLOCK, 1);
    if (allocated > 0 && fallocate(sparse.fd, 0, SIZE / 2, (off_t)allocated) != 0)
        assert_int_equal(errno, EOPNOTSUPP);
    let_rest(&sparse);
    sparse.reading = reading_world_pin(world, "file");
    return sparse;
}

static void sparse_free(struct sparse *sparse)
{
    reading_close(&sparse->reading);
    assert_int_equal(close(sparse->fd), 0);
    free(sparse->model);
    free(sparse->bytes);
}

static int read_part(struct sparse *sparse, uint64_t offset, uint64_t length)
{
    memset(sparse->bytes, 0x5a, length);
    return content_read(&sparse->reading, sparse->bytes, length, offset);
}

/*
 * Whether to ask again: a hole that was filled may have been in the sample of the content, and then
 * the generation is over. The test goes on with the next one.
 */
static bool begins_anew(struct sparse *sparse, int error)
{
    if (error != -ESTALE)
        return false;
    struct reading fresh = reading_world_pin(sparse->world, "file");
    reading_close(&sparse->reading);
    sparse->reading = fresh;
    return true;
}

/* The bytes are right, however often they were looked at; and counted once. */
static void check_read(struct sparse *sparse, uint64_t offset, uint64_t length)
{
    uint64_t zeroed = atomic_load(&sparse->world->pool.bytes_zeroed);
    int error = read_part(sparse, offset, length);
    if (begins_anew(sparse, error)) {
        zeroed = atomic_load(&sparse->world->pool.bytes_zeroed);
        error = read_part(sparse, offset, length);
    }
    assert_int_equal(error, 0);
    assert_memory_equal(sparse->bytes, sparse->model + offset, length);
    assert_in_range(atomic_load(&sparse->world->pool.bytes_zeroed) - zeroed, 0, length);
}

static int count(const struct sparse *sparse, uint64_t *counted)
{
    return holes_count_data(&sparse->reading, 0, SIZE, counted);
}

/* Counts the data right after a change, and once more at rest. */
static void check_count(struct sparse *sparse)
{
    uint64_t counted = 0;
    uint64_t again = 0;
    int error = count(sparse, &counted);
    if (begins_anew(sparse, error))
        error = count(sparse, &counted);
    assert_int_equal(error, 0);
    assert_int_equal(count(sparse, &again), 0);
    assert_int_equal(counted, again);
}

static int seek_data(const struct sparse *sparse, uint64_t start, uint64_t *found)
{
    return holes_seek(&sparse->reading, EXTENT_DATA, start, SIZE, found);
}

/* Data at `offset` is found there, or before it if the file system keeps larger blocks. */
static void check_seek(struct sparse *sparse, uint64_t start, uint64_t offset)
{
    uint64_t found = UINT64_MAX;
    int error = seek_data(sparse, start, &found);
    if (begins_anew(sparse, error))
        error = seek_data(sparse, start, &found);
    assert_int_equal(error, 0);
    assert_in_range(found, start, offset);
}

static uint64_t middle(struct random *random)
{
    return random_between(random, 2 * BLOCK, SIZE - 3 * BLOCK - PART);
}

/* A hole is filled, and then the file is appended to: the generation goes on, with new bytes. */
static void test_filled_and_appended(void **state)
{
    struct random random = random_case(0);

    for (int round = 0; round < 40; round++) {
        struct sparse sparse = sparse_make(*state, round % 2 == 0 ? 0 : SIZE / 4);
        for (uint64_t i = 0; i < 10; i++) {
            const uint64_t offset = middle(&random);
            const uint64_t length = random_between(&random, 1, PART);
            check_read(&sparse, 0, SIZE); /* the holes are known now */
            scratch_let_time_pass(&sparse.world->scratch, "file");
            put(&sparse, offset, length, 2 + i);
            put(&sparse, sparse.size, random_between(&random, 1, 2 * BLOCK), 1);
            if (random_chance(&random, 50))
                check_seek(&sparse, random_between(&random, BLOCK, offset), offset);
            check_read(&sparse, offset, length);
            check_read(&sparse, 0, SIZE);
        }
        sparse_free(&sparse);
    }
}

/* Stores into the file through a mapping, without another trace than the kernel leaves. */
static void store(struct sparse *sparse, uint64_t offset, uint64_t length, bool load_first)
{
    struct stat before;
    uint8_t *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, sparse->fd, 0);

    assert_ptr_not_equal(mapped, MAP_FAILED);
    assert_int_equal(fstat(sparse->fd, &before), 0);
    if (load_first) /* the page is there, and cannot be told from a hole by its bytes */
        assert_memory_equal(mapped + offset, sparse->model + offset, length);
    pattern_fill(sparse->model + offset, length, offset, 77);
    memcpy(mapped + offset, sparse->model + offset, length);
    assert_int_equal(munmap(mapped, SIZE), 0);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before.st_mtim};
    assert_int_equal(futimens(sparse->fd, times), 0);
}

/* Filled through a mapping, and the mtime put back: no generation shows zeros. */
static void test_filled_through_mapping(void **state)
{
    struct random random = random_case(1);

    for (int round = 0; round < 60; round++) {
        struct sparse sparse = sparse_make(*state, round % 2 == 0 ? 0 : SIZE / 4);
        const uint64_t offset = round % 3 == 0 ? SIZE / 2 + 5000 : middle(&random);
        const uint64_t length = random_between(&random, 1, PART);
        check_read(&sparse, 0, SIZE);
        scratch_let_time_pass(&sparse.world->scratch, "file");
        store(&sparse, offset, length, random_chance(&random, 50));
        if (random_chance(&random, 30))
            check_seek(&sparse, BLOCK, offset);
        else if (random_chance(&random, 50))
            check_count(&sparse);
        check_read(&sparse, offset, length);
        check_read(&sparse, 0, SIZE);
        if (random_chance(&random, 50))
            assert_int_equal(fsync(sparse.fd), 0);
        check_read(&sparse, 0, SIZE);
        sparse_free(&sparse);
    }
}

/* Stored into through a lasting mapping, page by page, without a call of the file system. */
static void store_page_by_page(struct world *world, uint64_t allocated)
{
    struct sparse sparse = sparse_make(world, allocated);
    uint8_t *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, sparse.fd, 0);
    struct random random = random_case(2);

    assert_ptr_not_equal(mapped, MAP_FAILED);
    for (int i = 0; i < 200; i++) {
        const uint64_t offset = middle(&random);
        struct reading fresh = reading_world_look(sparse.world, "file");
        reading_close(&sparse.reading);
        sparse.reading = fresh; /* the mtime moves: each time it is another generation */
        check_read(&sparse, offset / BLOCK * BLOCK, BLOCK);
        scratch_let_time_pass(&sparse.world->scratch, "file");
        if (random_chance(&random, 50)) /* a page that was loaded may be stored into unseen */
            assert_int_equal(mapped[offset], sparse.model[offset]);
        sparse.model[offset] = mapped[offset] = (uint8_t)(1 + i % 200);
        int error = read_part(&sparse, offset, 1);
        if (error == 0)
            assert_int_equal(sparse.bytes[0], sparse.model[offset]);
        else
            assert_int_equal(error, -ESTALE);
    }
    assert_int_equal(munmap(mapped, SIZE), 0);
    sparse_free(&sparse);
}

static void test_stored_page_by_page(void **state)
{
    store_page_by_page(*state, 0);
}

/* Where blocks were allocated before, so that no new ones show the change. */
static void test_stored_into_allocated(void **state)
{
    store_page_by_page(*state, SIZE / 4);
}

/* Rewritten: a hole is filled, or data is punched out, and nothing is appended. */
static void test_rewritten(void **state)
{
    for (int way = 0; way < 6; way++) {
        struct sparse sparse = sparse_make(*state, 0);
        uint64_t found = 0;
        check_read(&sparse, 0, SIZE);
        scratch_let_time_pass(&sparse.world->scratch, "file");
        if (way % 2 == 0)
            put(&sparse, SIZE / 2, 100, 3);
        else if (fallocate(sparse.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, BLOCK) != 0)
            assert_int_equal(errno, EOPNOTSUPP);
        if (way / 2 == 0)
            assert_int_equal(read_part(&sparse, SIZE / 2, 100), -ESTALE);
        else if (way / 2 == 1)
            assert_int_equal(seek_data(&sparse, BLOCK, &found), -ESTALE);
        else
            assert_int_equal(count(&sparse, &found), -ESTALE);
        assert_int_equal(read_part(&sparse, SIZE / 4, 10), -ESTALE);
        sparse_free(&sparse);
    }
}

/* Truncated: no zeros where the file has ended, though there was a hole. */
static void test_truncated(void **state)
{
    struct sparse sparse = sparse_make(*state, 0);
    check_read(&sparse, 0, SIZE);
    assert_int_equal(ftruncate(sparse.fd, SIZE / 4), 0);
    assert_int_equal(read_part(&sparse, SIZE / 2, 100), -ESTALE);
    sparse_free(&sparse);
}

/* Removed, and goes on being read; filled by a program that has it open still. */
static void test_removed(void **state)
{
    struct sparse sparse = sparse_make(*state, 0);
    check_read(&sparse, 0, SIZE);
    assert_int_equal(unlinkat(sparse.world->scratch.directory, "file", 0), 0);
    check_read(&sparse, 0, SIZE);
    store(&sparse, SIZE / 2, 100, false);
    check_read(&sparse, SIZE / 2, 100);
    sparse_free(&sparse);
}

/*
 * Filled and appended to, but the new last block cannot be read: the generation stays as it was and
 * valid, and the hole is gone.
 */
static void test_filled_and_end_unreadable(void **state)
{
    struct sparse sparse = sparse_make(*state, 0);

    check_read(&sparse, 0, SIZE);
    scratch_let_time_pass(&sparse.world->scratch, "file");
    put(&sparse, SIZE / 2, 1000, 2);
    put(&sparse, SIZE, BLOCK, 1);
    atomic_store(&disk.bad, SIZE);
    check_read(&sparse, SIZE / 2, 1000);
    check_seek(&sparse, SIZE / 4, SIZE / 2);
    sparse_free(&sparse);
}

/* The first block cannot be read any more, and a hole is filled with the mtime as it was. */
static void test_filled_and_head_unreadable(void **state)
{
    struct sparse sparse = sparse_make(*state, 0);

    check_read(&sparse, BLOCK, SIZE - BLOCK);
    scratch_let_time_pass(&sparse.world->scratch, "file");
    store(&sparse, SIZE / 2, 1000, false);
    atomic_store(&disk.bad, SIZE - BLOCK);
    check_read(&sparse, SIZE / 2, 1000);
    check_seek(&sparse, SIZE / 4, SIZE / 2);
    sparse_free(&sparse);
}

/* Filled, and appended to at every look: no moment of rest, and no zeros. */
static void test_filled_while_growing(void **state)
{
    struct sparse sparse = sparse_make(*state, 0);
    int grows = scratch_open(&sparse.world->scratch, "file", O_WRONLY | O_APPEND);

    check_read(&sparse, 0, SIZE);
    scratch_let_time_pass(&sparse.world->scratch, "file");
    put(&sparse, SIZE / 2, 1000, 2);
    put(&sparse, SIZE, BLOCK, 1);
    atomic_store(&disk.grows, grows);
    int error = read_part(&sparse, SIZE / 2, 1000);
    atomic_store(&disk.grows, -1);
    assert_int_equal(error, 0);
    assert_memory_equal(sparse.bytes, sparse.model + SIZE / 2, 1000);
    assert_int_equal(close(grows), 0);
    sparse_free(&sparse);
}

/* A file that one thread punches and fills while others read. */
struct contest {
    struct world *world;
    int fd;
    atomic_uint changes; /* odd: a change is under way. Twice odd: the part is filled */
    atomic_bool over;
    atomic_uint sure; /* reads whose right result is known */
};

/* Fills or punches the part in the middle, mostly with an append after it. */
static void change_part(struct contest *contest, const uint8_t *pattern, bool fill, bool append)
{
    const off_t at = SIZE / 2;

    atomic_fetch_add(&contest->changes, 1);
    if (fill)
        THREAD_CHECK(pwrite(contest->fd, pattern, PART, at) == PART);
    else
        THREAD_CHECK(fallocate(contest->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, PART) ==
                     0);
    if (append)
        THREAD_CHECK(pwrite(contest->fd, "x", 1, lseek(contest->fd, 0, SEEK_END)) == 1);
    atomic_fetch_add(&contest->changes, 1);
}

static void change_parts(struct contest *contest)
{
    struct random random = random_case(10);
    uint8_t *pattern = malloc(PART);

    if (THREAD_CHECK(pattern != NULL)) {
        pattern_fill(pattern, PART, SIZE / 2, 2);
        for (int i = 0; i < 60; i++) {
            change_part(contest, pattern, i % 2 == 0, random_chance(&random, 70));
            sleep_ms((unsigned)random_below(&random, 50));
        }
    }
    free(pattern);
    atomic_store(&contest->over, true);
}

/* Whether each byte is of one of the two states. */
static bool is_mixture(const uint8_t *bytes, const uint8_t *filled)
{
    for (uint64_t at = 0; at < BLOCK; at++)
        if (bytes[at] != 0 && bytes[at] != filled[at])
            return false;
    return true;
}

/*
 * Each byte is of one of the two states; and each block is, and of which, if nothing changed
 * meanwhile. (On ext4 and btrfs a plain read can meet a block that a write has half filled.)
 */
static void check_part(struct contest *contest, const uint8_t *bytes, unsigned before)
{
    static const uint8_t zeros[BLOCK];
    uint8_t filled[BLOCK];
    const bool sure = before % 2 == 0 && atomic_load(&contest->changes) == before;

    for (uint64_t at = 0; at < PART; at += BLOCK) {
        pattern_fill(filled, BLOCK, SIZE / 2 + at, 2);
        const uint8_t *state = before % 4 == 2 ? filled : zeros;
        if (sure)
            THREAD_CHECK(memcmp(bytes + at, state, BLOCK) == 0);
        else
            THREAD_CHECK(is_mixture(bytes + at, filled));
    }
    if (sure)
        atomic_fetch_add(&contest->sure, 1);
}

/* Reads of one generation until it is stale, then of the next. */
static void read_parts(struct contest *contest)
{
    struct source *source = source_new(&contest->world->pool, "file", content_types[0]);
    uint8_t *bytes = malloc(PART);

    while (THREAD_CHECK(source != NULL && bytes != NULL) && !atomic_load(&contest->over)) {
        AUTO_READING struct reading reading = {.source = NULL};
        if (!THREAD_CHECK(reading_look(source, NULL, &reading, NULL) == 0))
            break;
        int error = reading_pin(&reading);
        while (error == 0 && !atomic_load(&contest->over)) {
            unsigned before = atomic_load(&contest->changes);
            error = content_read(&reading, bytes, PART, SIZE / 2);
            if (error == 0)
                check_part(contest, bytes, before);
        }
        THREAD_CHECK(error == 0 || error == -ESTALE);
    }
    free(bytes);
    source_unref(source);
}

static void punch_fill_or_read(void *argument, unsigned index)
{
    if (index == 0)
        change_parts(argument);
    else
        read_parts(argument);
}

/* One thread punches and fills, the others read: one state or the other, or -ESTALE. */
static void test_threads(void **state)
{
    struct sparse sparse = sparse_make(*state, 0);
    struct contest contest = {.world = *state, .fd = sparse.fd};

    if (fallocate(sparse.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, SIZE / 2, PART) == 0) {
        run_threads(4, punch_fill_or_read, &contest);
        assert_true(atomic_load(&contest.sure) > 0);
    }
    sparse_free(&sparse);
}

enum { LINE = 1024, LINES = 4000, HEADER = 3000, CHANGED = 8 };

struct rewriting {
    struct world *world;
    unsigned asked;
};

/* When the search has passed the place: eight lines more, and the mtime put back. */
static bool rewrite_while_asked(void *argument)
{
    static const char ends[8] = "\n\n\n\n\n\n\n\n";
    struct rewriting *rewriting = argument;
    const struct scratch *scratch = &rewriting->world->scratch;

    if (++rewriting->asked != 3)
        return false;
    const struct stat was = scratch_stat(scratch, "lines");
    const struct timespec times[] = {was.st_atim, was.st_mtim};
    scratch_let_time_pass(scratch, "lines");
    scratch_overwrite(scratch, "lines", ends, sizeof(ends), (uint64_t)CHANGED * LINE);
    assert_int_equal(utimensat(scratch->directory, "lines", times, 0), 0);
    return false;
}

/* Where the first records end is not remembered from a search that a rewrite overtook. */
static void test_header_of_a_file_that_is_rewritten(void **state)
{
    struct world *world = *state;
    AUTO_FREE char *bytes = malloc((size_t)LINE * LINES);
    struct rewriting rewriting = {.world = world};
    const struct cancel cancel = {rewrite_while_asked, &rewriting, 0};
    uint64_t boundary = 0;

    memset(bytes, 'x', (size_t)LINE * LINES);
    for (size_t i = 1; i <= LINES; i++)
        bytes[i * LINE - 1] = '\n';
    scratch_write(&world->scratch, "lines", bytes, (size_t)LINE * LINES);
    struct reading reading = reading_world_pin(world, "lines");
    const struct reading asking = reading_for(&reading, &cancel);
    (void)boundary_after_records(&asking, &lines_format, HEADER, &boundary);
    assert_true(rewriting.asked >= 3);
    assert_int_equal(boundary_after_records(&reading, &lines_format, HEADER, &boundary), 0);
    assert_int_equal(boundary, (HEADER - 8) * LINE);
    reading_close(&reading);
}

#define CHANGE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHANGE_TEST(test_filled_and_appended),
        CHANGE_TEST(test_filled_through_mapping),
        CHANGE_TEST(test_stored_page_by_page),
        CHANGE_TEST(test_stored_into_allocated),
        CHANGE_TEST(test_rewritten),
        CHANGE_TEST(test_truncated),
        CHANGE_TEST(test_removed),
        CHANGE_TEST(test_filled_and_end_unreadable),
        CHANGE_TEST(test_filled_and_head_unreadable),
        CHANGE_TEST(test_filled_while_growing),
        CHANGE_TEST(test_threads),
        CHANGE_TEST(test_header_of_a_file_that_is_rewritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
