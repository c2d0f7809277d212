/* SPDX-License-Identifier: MIT */
/*
 * extents, extent_probe: a file is changed in all ways there are, and no byte that is not zero is
 * ever called a hole; on whatever file system BIGFS_TEST_DIR is.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/extent/extents.h"

enum { KIB = 1024, MIB = 1024 * KIB, MOST_SIZE = 2 * MIB, FILES = 20, STEPS = 100 };

static const enum extent_method methods[] = {EXTENTS_SEEK, EXTENTS_FIEMAP};

/* A file, what it should hold, and what is known of it. */
struct subject {
    const struct scratch *scratch;
    struct random random;
    int fd;
    uint8_t *mapped;           /* the file, shared and writable; longer than it is */
    uint8_t *model;            /* MOST_SIZE bytes; zeros after the size */
    uint8_t *bytes;            /* as they were read */
    uint64_t size;             /* of the model */
    struct extents extents[2]; /* by each of the methods */
};

static const uint8_t zeros[MOST_SIZE];

static bool has_holes[2];         /* whether this file system reports any, by each method */
static bool tells_moments;        /* whether two changes never get the same time */
static uint64_t hole_bytes[2][2]; /* by method; by extent_probe() and by extents_find() */

static struct file_identity attributes_of(int fd)
{
    struct stat attributes;
    struct file_identity now;
    assert_int_equal(fstat(fd, &attributes), 0);
    file_identity_of(&attributes, &now);
    return now;
}

/*
 * Finds out what the file system can do, independently: otherwise the tests below could not fail.
 */
static void learn_file_system(const struct scratch *scratch)
{
    union {
        struct fiemap map;
        char room[sizeof(struct fiemap) + 4 * sizeof(struct fiemap_extent)];
    } request = {.map = {.fm_length = MIB, .fm_extent_count = 4, .fm_flags = FIEMAP_FLAG_SYNC}};
    int fd = scratch_open(scratch, "sparse", O_RDWR | O_CREAT);

    assert_int_equal(ftruncate(fd, MIB), 0);
    assert_int_equal(pwrite(fd, "x", 1, MIB - 1), 1);
    has_holes[0] = lseek(fd, 0, SEEK_HOLE) == 0;
    has_holes[1] = ioctl(fd, FS_IOC_FIEMAP, &request) == 0 && request.map.fm_mapped_extents > 0 &&
                   request.map.fm_extents[0].fe_logical > 0;
    tells_moments = true;
    for (int i = 0; i < 50; i++) {
        struct file_identity before = attributes_of(fd);
        assert_int_equal(pwrite(fd, "y", 1, MIB - 1), 1);
        struct file_identity after = attributes_of(fd);
        if (file_identity_equal(&before, &after))
            tells_moments = false;
    }
    assert_int_equal(close(fd), 0);
    print_message("holes by SEEK: %d, by FIEMAP: %d; fine times: %d\n", has_holes[0], has_holes[1],
                  tells_moments);
}

static struct subject *subject_make(const struct scratch *scratch, uint64_t number)
{
    struct subject *subject = calloc(1, sizeof(*subject));
    assert_non_null(subject);
    subject->scratch = scratch;
    subject->random = random_case(number);
    subject->fd = scratch_open(scratch, "file", O_RDWR | O_CREAT | O_TRUNC);
    subject->model = calloc(1, MOST_SIZE);
    subject->bytes = calloc(1, MOST_SIZE);
    subject->mapped = mmap(NULL, MOST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, subject->fd, 0);
    assert_non_null(subject->model);
    assert_non_null(subject->bytes);
    assert_ptr_not_equal(subject->mapped, MAP_FAILED);
    for (size_t i = 0; i < LENGTH_OF(methods); i++)
        extents_note.init(&subject->extents[i]);
    return subject;
}

static void subject_free(struct subject *subject)
{
    assert_int_equal(munmap(subject->mapped, MOST_SIZE), 0);
    assert_int_equal(close(subject->fd), 0);
    assert_int_equal(unlinkat(subject->scratch->directory, "file", 0), 0);
    for (size_t i = 0; i < LENGTH_OF(methods); i++)
        extents_note.destroy(&subject->extents[i]);
    free(subject->model);
    free(subject->bytes);
    free(subject);
}

/* The ways in which a file changes */

struct stretch {
    uint64_t start;
    uint64_t length;
};

/* Of any kind: tiny or long, aligned or not. It ends at MOST_SIZE at the latest. */
static struct stretch random_stretch(struct random *random, uint64_t below)
{
    const uint64_t mosts[] = {1, 16, 5000, 100000, 400000};
    const uint64_t most = mosts[random_below(random, LENGTH_OF(mosts))];
    struct stretch stretch = {random_below(random, below), random_between(random, 1, most)};

    if (random_chance(random, 50)) {
        stretch.start = stretch.start / 4096 * 4096;
        stretch.length = (stretch.length + 4095) / 4096 * 4096;
    }
    stretch.length = min_u64(stretch.length, MOST_SIZE - stretch.start);
    return stretch;
}

/* A place at which something is: near a place that was written to, mostly. */
static uint64_t some_limit(const struct subject *subject)
{
    return max_u64(subject->size, 1);
}

static void grow(struct subject *subject, uint64_t end)
{
    subject->size = max_u64(subject->size, end);
}

static void write_some(struct subject *subject)
{
    struct random *random = &subject->random;
    uint64_t limit = random_chance(random, 70) ? some_limit(subject) : MOST_SIZE;
    const struct stretch to = random_stretch(random, limit);

    if (random_chance(random, 95))
        pattern_fill(subject->model + to.start, to.length, to.start, random_next(random));
    else
        memset(subject->model + to.start, 0, to.length); /* data, though it looks like a hole */
    assert_int_equal(pwrite(subject->fd, subject->model + to.start, to.length, (off_t)to.start),
                     to.length);
    grow(subject, to.start + to.length);
}

/* Stores through the mapping, and loads through it too: that fills the page cache with zeros. */
static void store_some(struct subject *subject)
{
    struct random *random = &subject->random;
    if (subject->size == 0)
        return;
    struct stretch to = random_stretch(random, subject->size);
    to.length = min_u64(min_u64(to.length, 20000), subject->size - to.start);
    if (random_chance(random, 30)) {
        assert_memory_equal(subject->mapped + to.start, subject->model + to.start, to.length);
        return;
    }
    pattern_fill(subject->model + to.start, to.length, to.start, random_next(random));
    memcpy(subject->mapped + to.start, subject->model + to.start, to.length);
}

static void truncate_somewhere(struct subject *subject)
{
    struct random *random = &subject->random;
    uint64_t size = random_below(random, MOST_SIZE + 1);

    if (random_chance(random, 60)) /* not far from where it ends, so that a file gets old */
        size = min_u64(subject->size + random_below(random, 40000), MOST_SIZE);
    else if (random_chance(random, 60))
        size = saturating_sub(subject->size, random_below(random, 40000));
    assert_int_equal(ftruncate(subject->fd, (off_t)size), 0);
    if (size < subject->size)
        memset(subject->model + size, 0, subject->size - size);
    subject->size = size;
}

/* Removes the stretch and moves what follows it. */
static void model_collapse(struct subject *subject, struct stretch at)
{
    uint64_t end = at.start + at.length;
    memmove(subject->model + at.start, subject->model + end, subject->size - end);
    subject->size -= at.length;
    memset(subject->model + subject->size, 0, at.length);
}

static void model_insert(struct subject *subject, struct stretch at)
{
    memmove(subject->model + at.start + at.length, subject->model + at.start,
            subject->size - at.start);
    memset(subject->model + at.start, 0, at.length);
    subject->size += at.length;
}

/* Does to the model what fallocate(2) does, according to its manual. */
static void model_allocate(struct subject *subject, int mode, struct stretch at)
{
    const uint64_t end = at.start + at.length;

    if ((mode & FALLOC_FL_COLLAPSE_RANGE) != 0)
        model_collapse(subject, at);
    else if ((mode & FALLOC_FL_INSERT_RANGE) != 0)
        model_insert(subject, at);
    else if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0)
        memset(subject->model + at.start, 0, at.length);
    if ((mode & ~FALLOC_FL_ZERO_RANGE) == 0)
        grow(subject, end);
}

static void allocate_some(struct subject *subject)
{
    const int modes[] = {
        0,
        FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_ZERO_RANGE,
        FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_COLLAPSE_RANGE,
        FALLOC_FL_INSERT_RANGE,
    };
    struct random *random = &subject->random;
    const int mode = modes[random_below(random, LENGTH_OF(modes))];
    const bool moves = (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) != 0;
    struct stretch at = random_stretch(random, some_limit(subject));

    if ((mode & FALLOC_FL_INSERT_RANGE) != 0)
        at.length = min_u64(at.length, (MOST_SIZE - subject->size) / 4096 * 4096);
    if (at.length == 0)
        return;
    if (fallocate(subject->fd, mode, (off_t)at.start, (off_t)at.length) == 0)
        model_allocate(subject, mode, at);
    else
        assert_true(errno == EOPNOTSUPP || (moves && errno == EINVAL));
}

/* Writes all or some dirty pages to the disk; nothing changes for a reader. */
static void sync_some(struct subject *subject)
{
    const unsigned flags =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    const struct stretch at = random_stretch(&subject->random, some_limit(subject));

    if (random_chance(&subject->random, 30))
        assert_int_equal(fsync(subject->fd), 0);
    else
        assert_int_equal(sync_file_range(subject->fd, (off_t)at.start, (off_t)at.length, flags), 0);
}

static void change_somehow(struct subject *subject)
{
    const uint64_t dice = random_below(&subject->random, 100);

    if (!tells_moments)
        scratch_let_time_pass(subject->scratch, "file");
    if (dice < 35)
        write_some(subject);
    else if (dice < 70)
        allocate_some(subject);
    else if (dice < 85)
        store_some(subject);
    else if (dice < 96)
        truncate_somewhere(subject);
    else
        sync_some(subject);
}

/* What is told of it */

static void check_bytes(struct subject *subject)
{
    struct stat attributes;
    assert_int_equal(fstat(subject->fd, &attributes), 0);
    assert_int_equal(attributes.st_size, subject->size);
    assert_int_equal(pread(subject->fd, subject->bytes, MOST_SIZE, 0), subject->size);
    assert_int_equal(memcmp(subject->bytes, subject->model, subject->size), 0);
}

/*
 * Checks that it is not empty, within the file, and zeros if it is a hole. Returns the length of
 * the hole.
 */
static uint64_t check_extent(const struct subject *subject, const struct extent *extent)
{
    assert_true(extent->start < extent->end);
    assert_true(extent->end <= subject->size);
    if (extent->kind == EXTENT_DATA)
        return 0;
    assert_int_equal(extent->kind, EXTENT_HOLE);
    uint64_t length = extent->end - extent->start;
    if (memcmp(subject->bytes + extent->start, zeros, length) != 0)
        fail_msg("[%llu, %llu) is called a hole and is none", (unsigned long long)extent->start,
                 (unsigned long long)extent->end);
    return length;
}

static void check_probes(struct subject *subject, size_t method)
{
    for (uint64_t place = 0; place < subject->size;) {
        struct extent_answer answer;
        extent_probe(subject->fd, place, subject->size, methods[method], &answer);
        assert_in_range(answer.count, 1, EXTENT_PROBE_MOST);
        for (size_t i = 0; i < answer.count; i++) {
            assert_int_equal(answer.extents[i].start, place);
            hole_bytes[method][0] += check_extent(subject, &answer.extents[i]);
            place = answer.extents[i].end;
        }
    }
}

static struct extent find(struct subject *subject, struct extents *extents, size_t method,
                          uint64_t offset)
{
    struct extent extent;
    const struct file_identity now = attributes_of(subject->fd);
    extents_find(extents, methods[method], subject->fd, &now, offset, &extent);
    assert_true(extent.start <= offset && offset < extent.end);
    return extent;
}

static void check_map(struct subject *subject, size_t method)
{
    struct extents *extents = &subject->extents[method];

    for (int i = 0; i < 4 && subject->size > 0; i++) {
        uint64_t place = random_below(&subject->random, subject->size);
        struct extent extent = find(subject, extents, method, place);
        hole_bytes[method][1] += check_extent(subject, &extent);
    }
    for (uint64_t place = 0; place < subject->size;) {
        struct extent extent = find(subject, extents, method, place);
        hole_bytes[method][1] += check_extent(subject, &extent);
        place = extent.end;
    }
    assert_in_range(extents->data.count, 0, EXTENTS_MOST);
}

/* FIEMAP leaves no page dirty: in most files it is not asked after each step. */
static void check_random_file(const struct scratch *scratch, uint64_t number)
{
    struct subject *subject = subject_make(scratch, number);
    const unsigned seek_percent = number % 4 == 3 ? 10 : 90;
    const unsigned fiemap_percent = number % 4 == 3 ? 90 : 5;

    for (int step = 0; step < STEPS; step++) {
        change_somehow(subject);
        check_bytes(subject);
        if (random_chance(&subject->random, seek_percent)) {
            check_map(subject, 0);
            check_probes(subject, 0);
        }
        if (random_chance(&subject->random, fiemap_percent)) {
            if (random_chance(&subject->random, 50))
                check_probes(subject, 1);
            check_map(subject, 1);
        }
    }
    subject_free(subject);
}

/* Nothing but zeros is ever called a hole; and holes are found. */
static void test_against_bytes(void **state)
{
    for (uint64_t i = 0; i < FILES; i++)
        check_random_file(*state, i);
    for (size_t method = 0; method < LENGTH_OF(methods); method++)
        for (size_t way = 0; way < 2; way++)
            assert_int_equal(hole_bytes[method][way] > 0, has_holes[method]);
}

/* A file of 4 KiB data, 4 KiB hole, and so on; the pattern in its data. */
static int comb_make(const struct scratch *scratch, uint64_t teeth)
{
    uint8_t tooth[4096];
    int fd = scratch_open(scratch, "comb", O_RDWR | O_CREAT | O_TRUNC);

    assert_int_equal(ftruncate(fd, (off_t)teeth * 8192), 0);
    for (uint64_t i = 0; i < teeth; i++) {
        pattern_fill(tooth, sizeof(tooth), i * 8192, 1);
        assert_int_equal(pwrite(fd, tooth, sizeof(tooth), (off_t)(i * 8192)), sizeof(tooth));
    }
    assert_int_equal(fsync(fd), 0);
    return fd;
}

/* Whether the comb has data in [start, end). */
static bool comb_has_data(uint64_t start, uint64_t end)
{
    return start % 8192 < 4096 || end - start > 8192 - start % 8192;
}

struct comb {
    struct extents *extents;
    size_t method;
    int fd;
    uint64_t size;
};

/* Returns false if data is called a hole or the answer makes no sense. */
static bool look_at_comb(const struct comb *comb, uint64_t offset, struct extent *extent)
{
    const struct file_identity now = {.size = comb->size};
    extents_find(comb->extents, methods[comb->method], comb->fd, &now, offset, extent);
    if (extent->start > offset || extent->end <= offset || extent->end > comb->size)
        return false;
    return extent->kind == EXTENT_DATA || !comb_has_data(extent->start, extent->end);
}

/* As above; the map stays within its bound. */
static struct extent find_in_comb(const struct comb *comb, uint64_t offset)
{
    struct extent extent;
    if (!look_at_comb(comb, offset, &extent))
        fail_msg("at %llu: [%llu, %llu) is %d", (unsigned long long)offset,
                 (unsigned long long)extent.start, (unsigned long long)extent.end, extent.kind);
    assert_in_range(comb->extents->data.count, 0, EXTENTS_MOST);
    return extent;
}

/* Forwards, backwards, and at random: the exact map, where the file system tells it. */
static void walk_comb(const struct comb *comb)
{
    struct random random = random_case(1000);
    uint64_t extents = 0;
    size_t most = 0;

    for (uint64_t place = 0; place < comb->size; extents++) {
        place = find_in_comb(comb, place).end;
        most = (size_t)max_u64(most, comb->extents->data.count);
    }
    assert_int_equal(extents, has_holes[comb->method] ? comb->size / 4096 : 1);
    if (has_holes[comb->method])
        assert_in_range(most, EXTENTS_MOST / 4, EXTENTS_MOST); /* room is there to be used */
    /* FIEMAP returns many extents at once, all of which are remembered: fewer calls suffice. */
    const uint64_t stride = methods[comb->method] == EXTENTS_SEEK ? 1 : 30;
    for (uint64_t place = comb->size; place > 0; place -= stride * 4096)
        (void)find_in_comb(comb, place - random_between(&random, 1, 4096));
    for (uint64_t i = 0; i < 15000 / stride; i++)
        (void)find_in_comb(comb, random_below(&random, comb->size));
}

/* More extents than it may hold: never more are held, and what was forgotten is found again. */
static void test_bounded(void **state)
{
    enum { TEETH = 12000 };

    for (size_t method = 0; method < LENGTH_OF(methods); method++) {
        struct extents extents;
        int fd = comb_make(*state, TEETH);
        struct comb comb = {&extents, method, fd, TEETH * 8192ull};
        extents_note.init(&extents);
        walk_comb(&comb);
        extents_note.destroy(&extents);
        assert_int_equal(close(fd), 0);
    }
}

static void look_about(void *argument, unsigned index)
{
    const struct comb *comb = argument;
    struct random random = random_case(2000 + index);

    for (int i = 0; i < 3000; i++) {
        struct extent extent;
        THREAD_CHECK(look_at_comb(comb, random_below(&random, comb->size), &extent));
    }
}

static void test_threads(void **state)
{
    enum { TEETH = 300 };

    for (size_t method = 0; method < LENGTH_OF(methods); method++) {
        struct extents extents;
        int fd = comb_make(*state, TEETH);
        struct comb comb = {&extents, method, fd, TEETH * 8192ull};
        extents_note.init(&extents);
        run_threads(6, look_about, &comb);
        extents_note.destroy(&extents);
        assert_int_equal(close(fd), 0);
    }
}

/* What is known to be data is not asked for again. */
static void test_remembered(void **state)
{
    enum { TEETH = 300 };

    for (size_t method = 0; method < LENGTH_OF(methods); method++) {
        struct extents extents;
        int fd = comb_make(*state, TEETH);
        struct comb comb = {&extents, method, fd, TEETH * 8192ull};
        extents_note.init(&extents);
        for (uint64_t place = 0; place < comb.size;)
            place = find_in_comb(&comb, place).end;
        assert_int_equal(close(fd), 0);
        comb.fd = -1; /* asking would now answer that all is data, to the end */
        for (uint64_t place = 0; place < comb.size && has_holes[method]; place += 1000)
            if (place % 8192 < 4096) {
                struct extent extent = find_in_comb(&comb, place);
                assert_int_equal(extent.start, place / 8192 * 8192);
                assert_int_equal(extent.end, extent.start + 4096);
            }
        extents_note.destroy(&extents);
    }
}

/* Dirty pages are data: a file that was never written to the disk. */
static void test_dirty_pages(void **state)
{
    for (size_t method = 0; method < LENGTH_OF(methods); method++) {
        struct subject *subject = subject_make(*state, 3000 + method);
        subject->size = MOST_SIZE;
        assert_int_equal(ftruncate(subject->fd, MOST_SIZE), 0);
        pattern_fill(subject->model + 300000, 100, 300000, 1);
        pattern_fill(subject->model + 900000, 7, 900000, 1);
        memcpy(subject->mapped + 300000, subject->model + 300000, 100);
        assert_int_equal(pwrite(subject->fd, subject->model + 900000, 7, 900000), 7);
        check_bytes(subject);
        check_map(subject, method);
        check_probes(subject, method);
        subject_free(subject);
    }
}

static void test_possible(void **state)
{
    const struct {
        uint64_t size;
        uint64_t blocks;
        bool possible;
    } cases[] = {
        {0, 0, false},
        {0, 8, false},
        {1, 1, false},
        {511, 1, false},
        {512, 0, true},
        {512, 1, false},
        {513, 1, false},
        {1024, 1, true},
        {1025, 1, true},
        {4096, 7, true},
        {4096, 8, false},
        {4097, 8, false},
        {4097, 16, false},
        {OFFSET_MAX, 0, true},
        {OFFSET_MAX, OFFSET_MAX / 512 - 1, true},
        {OFFSET_MAX, OFFSET_MAX / 512, false},
        {OFFSET_MAX, UINT64_MAX, false},
        {0, UINT64_MAX, false},
        {1, UINT64_MAX, false},
        {UINT64_MAX, UINT64_MAX / 512 - 1, true},
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const struct file_identity now = {.size = cases[i].size, .blocks = cases[i].blocks};
        assert_int_equal(file_may_have_holes(&now), cases[i].possible);
    }
}

static int setup(void **state)
{
    if (scratch_setup(state) != 0)
        return -1;
    learn_file_system(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_possible),      cmocka_unit_test(test_dirty_pages),
        cmocka_unit_test(test_against_bytes), cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_bounded),       cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
