/* SPDX-License-Identifier: MIT */
/*
 * window: the right bytes, a bounded total, and a page cache that a scan leaves as it was.
 *
 * This program is linked with --wrap=mmap, mmap64 and munmap, so that it knows at every moment how
 * much of files is really mapped.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/file/window.h"

enum { PAGE = 4096, WINDOW = 4 * PAGE, SIZE = 10 * WINDOW + 2 * PAGE + 500, WINDOWS = 11 };

/* What is really mapped, in windows: known by their addresses. */
static struct {
    pthread_mutex_t lock;
    void *addresses[64]; /* protected by lock */
    unsigned mapped;     /* protected by lock */
    unsigned most;       /* protected by lock */
    atomic_bool watched;
    atomic_bool slow;
} real = {.lock = PTHREAD_MUTEX_INITIALIZER};

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t length);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *address, size_t length);

static void *note_mapping(void *address, int fd)
{
    if (address == MAP_FAILED || fd < 0 || !atomic_load(&real.watched))
        return address;
    (void)pthread_mutex_lock(&real.lock);
    for (size_t i = 0; i < LENGTH_OF(real.addresses); i++)
        if (real.addresses[i] == NULL) {
            real.addresses[i] = address;
            break;
        }
    real.mapped++;
    real.most = real.mapped > real.most ? real.mapped : real.most;
    (void)pthread_mutex_unlock(&real.lock);
    return address;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return note_mapping(__real_mmap(address, length, protection, flags, fd, offset), fd);
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return note_mapping(__real_mmap64(address, length, protection, flags, fd, offset), fd);
}

int __wrap_munmap(void *address, size_t length)
{
    if (atomic_load(&real.slow))
        sleep_ms(1);
    (void)pthread_mutex_lock(&real.lock);
    for (size_t i = 0; i < LENGTH_OF(real.addresses); i++)
        if (real.addresses[i] == address) {
            real.addresses[i] = NULL;
            real.mapped--;
        }
    (void)pthread_mutex_unlock(&real.lock);
    return __real_munmap(address, length);
}

/* Two files of one pattern each, and a pool of three windows. */
struct view {
    struct scratch scratch;
    int fds[2];
    struct window_pool pool;
    enum window_use use; /* what windows are acquired for */
};

static int make_file(const struct view *view, const char *name, uint64_t size, uint64_t kind)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    pattern_fill(bytes, size, 0, kind);
    scratch_write(&view->scratch, name, bytes, size);
    free(bytes);
    return scratch_open(&view->scratch, name, O_RDWR);
}

static int setup_for(void **state, enum window_use use)
{
    struct view *view = calloc(1, sizeof(*view));
    if (view == NULL || scratch_make(&view->scratch) != 0)
        return -1;
    *state = view;
    view->use = use;
    view->fds[0] = make_file(view, "one", SIZE, 0);
    view->fds[1] = make_file(view, "two", SIZE, 1);
    window_pool_init(&view->pool, WINDOW, 3 * WINDOW);
    return 0;
}

static int setup(void **state)
{
    return setup_for(state, WINDOW_SCANS);
}

static int setup_reads(void **state)
{
    return setup_for(state, WINDOW_READS);
}

static int teardown(void **state)
{
    struct view *view = *state;
    atomic_store(&real.slow, false);
    atomic_store(&real.watched, false);
    window_pool_destroy(&view->pool);
    for (int i = 0; i < 2; i++)
        (void)close(view->fds[i]);
    scratch_remove(&view->scratch);
    free(view);
    return 0;
}

/* Lends; the bytes must be those of the file from the offset to the end of the loan. */
static struct window_loan borrow(struct view *view, unsigned file, uint64_t offset)
{
    struct window_loan loan = {0};
    assert_int_equal(
        window_acquire(&view->pool, view->use, file, view->fds[file], offset, SIZE, &loan), 0);
    assert_true(pattern_matches(loan.bytes, loan.length, offset, file));
    return loan;
}

static void use(struct view *view, unsigned file, uint64_t offset)
{
    const struct window_loan loan = borrow(view, file, offset);
    window_release(&view->pool, &loan);
}

static uint64_t really_mapped(const struct view *view)
{
    uint64_t bytes = 0;
    (void)count_mappings(view->scratch.path, &bytes);
    return bytes;
}

static bool shows(const struct view *view, const char *name, uint64_t index)
{
    char path[PATH_MAX + 8];
    (void)snprintf(path, sizeof(path), "%s/%s", view->scratch.path, name);
    return is_mapped(path, index * WINDOW);
}

/* A loan begins where it was asked to and ends with its window, the last with the file. */
static void test_bytes(void **state)
{
    struct view *view = *state;

    for (uint64_t offset = 0; offset < SIZE; offset += offset % 7 == 0 ? 1 : 1021) {
        const struct window_loan loan = borrow(view, 0, offset);
        uint64_t end = min_u64((offset / WINDOW + 1) * WINDOW, SIZE);
        assert_int_equal(loan.length, end - offset);
        window_release(&view->pool, &loan);
    }
    const struct window_loan last = borrow(view, 0, SIZE - 1);
    assert_int_equal(last.length, 1);
    window_release(&view->pool, &last);
}

/* Sizes are whole pages; there is room for one window at least. */
static void test_rounding(void **state)
{
    const uint64_t sizes[][4] = {
        /* asked: window, total; got: window, total */
        {0, 0, PAGE, PAGE},
        {1, 1, PAGE, PAGE},
        {PAGE + 1, 5 * PAGE, 2 * PAGE, 5 * PAGE},
        {3 * PAGE, PAGE, 3 * PAGE, 3 * PAGE},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        struct window_pool pool;
        window_pool_init(&pool, sizes[i][0], sizes[i][1]);
        assert_int_equal(pool.window_size, sizes[i][2]);
        assert_int_equal(pool.total, sizes[i][3]);
        window_pool_destroy(&pool);
    }
}

/* Users of the same window share one mapping; windows of different files are different ones. */
static void test_shared(void **state)
{
    struct view *view = *state;
    const struct window_loan one = borrow(view, 0, WINDOW + 1);
    const struct window_loan same = borrow(view, 0, WINDOW + 11);
    const struct window_loan other = borrow(view, 1, WINDOW + 1);

    assert_ptr_equal(one.bytes + 10, same.bytes);
    assert_ptr_not_equal(one.bytes, other.bytes);
    assert_int_equal(window_pool_mapped(&view->pool), 2 * WINDOW);
    assert_int_equal(really_mapped(view), 2 * WINDOW);
    window_release(&view->pool, &one);
    window_release(&view->pool, &same);
    window_release(&view->pool, &other);
    assert_int_equal(window_pool_mapped(&view->pool), 2 * WINDOW); /* kept for the next */
}

static void assert_window_counts(struct window_pool *pool, const struct window_counts *expected)
{
    const struct window_counts counts = window_pool_counts(pool);
    assert_int_equal(counts.hits, expected->hits);
    assert_int_equal(counts.misses, expected->misses);
    assert_int_equal(counts.none, expected->none);
    assert_int_equal(counts.lent, expected->lent);
}

/* What was asked for is counted by what became of it, and what is lent now. */
static void test_counts(void **state)
{
    struct view *view = *state;
    struct window_pool *pool = &view->pool;
    struct window_loan loans[4] = {0};
    struct window_loan none;

    for (unsigned i = 0; i < 3; i++)
        loans[i] = borrow(view, 0, i * WINDOW);
    loans[3] = borrow(view, 0, 1);
    assert_int_equal(window_acquire(pool, WINDOW_READS, 1, 0, 0, WINDOW, &none), -NOT_MAPPABLE);
    assert_window_counts(pool, &(struct window_counts){1, 3, 1, 4});
    for (unsigned i = 0; i < 4; i++)
        window_release(pool, &loans[i]);
    assert_window_counts(pool, &(struct window_counts){1, 3, 1, 0});
}

/* The window that was used longest ago gives its place. */
static void test_least_recent_goes(void **state)
{
    struct view *view = *state;

    use(view, 0, 0 * WINDOW);
    use(view, 0, 2 * WINDOW);
    use(view, 0, 4 * WINDOW);
    use(view, 0, 0 * WINDOW);
    use(view, 0, 6 * WINDOW);
    assert_true(shows(view, "one", 0));
    assert_false(shows(view, "one", 2));
    assert_true(shows(view, "one", 4));
    assert_true(shows(view, "one", 6));
    assert_int_equal(really_mapped(view), 3 * WINDOW);
}

/* What is lent stays, however long ago it was lent. */
static void test_lent_stays(void **state)
{
    struct view *view = *state;
    const struct window_loan lent = borrow(view, 0, 0);

    for (uint64_t i = 1; i < 10; i++)
        use(view, 0, i * WINDOW);
    assert_true(pattern_matches(lent.bytes, lent.length, 0, 0));
    assert_true(shows(view, "one", 0));
    window_release(&view->pool, &lent);
}

/* Forgetting unmaps what is not lent of the one file, and makes room. */
static void test_forget(void **state)
{
    struct view *view = *state;

    use(view, 0, 0);
    use(view, 1, 0);
    const struct window_loan lent = borrow(view, 0, 2 * WINDOW);
    window_pool_forget(&view->pool, 0);
    assert_false(shows(view, "one", 0));
    assert_true(shows(view, "two", 0));
    assert_true(pattern_matches(lent.bytes, lent.length, 2 * WINDOW, 0));
    assert_int_equal(window_pool_mapped(&view->pool), 2 * WINDOW);
    window_release(&view->pool, &lent);
    window_pool_forget(&view->pool, 0);
    window_pool_forget(&view->pool, 1);
    assert_int_equal(window_pool_mapped(&view->pool), 0);
    assert_int_equal(really_mapped(view), 0);
}

static void test_destroy_unmaps(void **state)
{
    struct view *view = *state;

    use(view, 0, 0);
    use(view, 1, 3 * WINDOW);
    window_pool_destroy(&view->pool);
    uint64_t left = really_mapped(view);
    window_pool_init(&view->pool, WINDOW, 3 * WINDOW);
    assert_int_equal(left, 0);
}

/* A file that grew is seen to its new end, also beyond where its last window was cut. */
static void test_growth(void **state)
{
    struct view *view = *state;
    uint8_t more[2 * WINDOW];
    struct window_loan loan;

    use(view, 0, SIZE - 1);
    pattern_fill(more, sizeof(more), SIZE, 0);
    scratch_append(&view->scratch, "one", more, sizeof(more));
    const uint64_t size = SIZE + sizeof(more);
    for (uint64_t offset = SIZE - 1; offset < size; offset += loan.length) {
        assert_int_equal(
            window_acquire(&view->pool, view->use, 0, view->fds[0], offset, size, &loan), 0);
        assert_true(loan.length > 0);
        assert_true(pattern_matches(loan.bytes, loan.length, offset, 0));
        window_release(&view->pool, &loan);
    }
    window_pool_forget(&view->pool, 0);
    assert_int_equal(really_mapped(view), 0);
}

/* A file that grows little by little has one window for its tail, and not one for each look. */
static void test_growth_little_by_little(void **state)
{
    struct view *view = *state;
    uint8_t more[100];
    struct window_loan loan;

    for (uint64_t size = SIZE; size < SIZE + 10 * sizeof(more); size += sizeof(more)) {
        pattern_fill(more, sizeof(more), size, 0);
        scratch_append(&view->scratch, "one", more, sizeof(more));
        const uint64_t last = size + sizeof(more) - 1;
        assert_int_equal(
            window_acquire(&view->pool, view->use, 0, view->fds[0], last, last + 1, &loan), 0);
        assert_true(pattern_matches(loan.bytes, loan.length, last, 0));
        window_release(&view->pool, &loan);
        assert_true(window_pool_mapped(&view->pool) <= 2 * WINDOW);
    }
    window_pool_forget(&view->pool, 0);
    assert_int_equal(really_mapped(view), 0);
}

/* What cannot be mapped is said to be so, and takes no room. */
static void test_cannot_be_mapped(void **state)
{
    struct view *view = *state;
    struct window_loan loan;
    int pipe_ends[2];

    assert_int_equal(pipe(pipe_ends), 0);
    int error = window_acquire(&view->pool, view->use, 7, pipe_ends[0], 0, SIZE, &loan);
    assert_int_equal(close(pipe_ends[0]), 0);
    assert_int_equal(close(pipe_ends[1]), 0);
    assert_int_equal(error, -NOT_MAPPABLE);
    assert_int_equal(window_acquire(&view->pool, view->use, 7, -1, 0, SIZE, &loan), -EBADF);
    assert_int_equal(window_pool_mapped(&view->pool), 0);
}

/* A caller that wants one window more than fit gets an error and does not wait. */
static void test_all_lent(void **state)
{
    struct view *view = *state;
    struct window_loan loans[3];
    struct window_loan none;

    for (uint64_t i = 0; i < 3; i++)
        loans[i] = borrow(view, 0, 2 * i * WINDOW);
    assert_int_equal(
        window_acquire(&view->pool, view->use, 1, view->fds[1], 6 * WINDOW, SIZE, &none),
        -NOT_MAPPABLE);
    assert_int_equal(window_pool_mapped(&view->pool), 3 * WINDOW);
    window_release(&view->pool, &loans[1]);
    loans[1] = borrow(view, 1, 6 * WINDOW);
    for (uint64_t i = 0; i < 3; i++)
        window_release(&view->pool, &loans[i]);
    assert_false(shows(view, "one", 2));
}

static void use_at_random(void *argument, unsigned index)
{
    struct view *view = argument;
    struct random random = random_case(index);

    for (int i = 0; i < 400; i++) {
        unsigned file = (unsigned)random_below(&random, 2);
        uint64_t offset = random_below(&random, SIZE);
        struct window_loan loan;
        int error =
            window_acquire(&view->pool, view->use, file, view->fds[file], offset, SIZE, &loan);
        THREAD_CHECK(error == 0 || error == -NOT_MAPPABLE); /* all are lent */
        if (error != 0)
            continue;
        THREAD_CHECK(window_pool_mapped(&view->pool) <= 3 * WINDOW);
        THREAD_CHECK(pattern_matches(loan.bytes, min_u64(loan.length, 64), offset, file));
        window_done_with(&loan, loan.length, view->fds[file]);
        THREAD_CHECK(pattern_matches(loan.bytes, min_u64(loan.length, 64), offset, file));
        window_release(&view->pool, &loan);
        if (random_chance(&random, 10))
            window_pool_forget(&view->pool, file);
    }
}

/* Under many threads what is really mapped never passes the total, and the bytes are right. */
static void test_many_threads(void **state)
{
    struct view *view = *state;

    (void)test_seed();
    real.most = 0;
    atomic_store(&real.watched, true);
    atomic_store(&real.slow, true);
    run_threads(8, use_at_random, view);
    atomic_store(&real.slow, false);
    atomic_store(&real.watched, false);
    assert_in_range(real.most, 2, 3);
    window_pool_forget(&view->pool, 0);
    window_pool_forget(&view->pool, 1);
    assert_int_equal(window_pool_mapped(&view->pool), 0);
    assert_int_equal(really_mapped(view), 0);
}

/*
 * Residency: a file of some MiB, of which a few pages are in the page cache, in one window. (The
 * kernel reads ahead beyond a window, and what it brought in for the next counts as there before.)
 * Steps are as large as the largest folio, which leaves the cache as a whole or not at all.
 */

enum { STEP = 2 << 20, BIG_WINDOW = 8 * STEP, BIG_SIZE = 5 * STEP + 5 * PAGE + 17 };
enum { BIG_PAGES = (BIG_SIZE + PAGE - 1) / PAGE };

struct residency {
    unsigned char pages[BIG_PAGES]; /* as mincore(2) tells: bit 0 */
};

static void look_at_residency(int fd, struct residency *residency)
{
    void *bytes = mmap(NULL, BIG_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(bytes, MAP_FAILED);
    assert_int_equal(mincore(bytes, BIG_SIZE, residency->pages), 0);
    assert_int_equal(munmap(bytes, BIG_SIZE), 0);
}

static unsigned count_resident(const struct residency *residency)
{
    unsigned count = 0;
    for (size_t i = 0; i < BIG_PAGES; i++)
        count += residency->pages[i] & 1;
    return count;
}

/* Takes the file out of the page cache; skips the test where that cannot be done or seen. */
static void drop_from_cache(int fd)
{
    struct residency residency;
    look_at_residency(fd, &residency);
    bool told = count_resident(&residency) == BIG_PAGES; /* it was just written */
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    look_at_residency(fd, &residency);
    if (told && count_resident(&residency) == 0)
        return;
    print_message("%u of %u pages stay in the page cache here\n", count_resident(&residency),
                  (unsigned)BIG_PAGES);
    skip();
}

/* Brings single pages into the cache, at both sides of a step's end, too. */
static void bring_in_some(int fd)
{
    const uint64_t places[] = {
        0, STEP - PAGE, STEP, 3 * STEP + 7 * PAGE, 4 * STEP + 300 * PAGE, BIG_SIZE - 1};
    char byte;

    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
    for (size_t i = 0; i < LENGTH_OF(places); i++)
        assert_int_equal(pread(fd, &byte, 1, (off_t)places[i]), 1);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL), 0);
}

struct touch {
    const uint8_t *bytes;
    size_t length;
    bool right;
    uint64_t offset;
};

static void touch_bytes(void *argument)
{
    struct touch *touch = argument;
    touch->right = pattern_matches(touch->bytes, touch->length, touch->offset, 2);
}

/* Reads the stretch through windows as a scan does: step by step, done with each. */
static void scan_stretch(struct window_pool *pool, int fd, uint64_t start, uint64_t end)
{
    for (uint64_t offset = start; offset < end;) {
        struct window_loan loan;
        assert_int_equal(window_acquire(pool, WINDOW_SCANS, 1, fd, offset, BIG_SIZE, &loan), 0);
        struct touch touch = {
            .bytes = loan.bytes,
            .length = (size_t)min_u64(min_u64(loan.length, STEP), end - offset),
            .offset = offset,
        };
        int error = fault_guard_call(touch.bytes, touch.length, touch_bytes, &touch);
        window_done_with(&loan, touch.length, fd);
        window_release(pool, &loan);
        assert_int_equal(error, 0);
        assert_true(touch.right);
        offset += touch.length;
    }
}

static int make_big_file(const struct view *view)
{
    int fd = make_file(view, "big", BIG_SIZE, 2);
    assert_int_equal(fault_guard_install(), 0);
    return fd;
}

static void assert_as_before(const struct residency *before, const struct residency *after)
{
    for (size_t i = 0; i < BIG_PAGES; i++)
        if ((before->pages[i] & 1) != (after->pages[i] & 1))
            fail_msg("page %zu of %d %s the page cache", i, BIG_PAGES,
                     (after->pages[i] & 1) != 0 ? "stays in" : "has left");
}

/* A scan takes what it brought in out again, and leaves what was there. */
static void test_scan_leaves_cache(void **state)
{
    struct view *view = *state;
    struct window_pool pool;
    struct residency before;
    struct residency after;
    int fd = make_big_file(view);

    drop_from_cache(fd);
    bring_in_some(fd);
    look_at_residency(fd, &before);
    assert_in_range(count_resident(&before), 6, BIG_PAGES / 2);
    window_pool_init(&pool, BIG_WINDOW, BIG_WINDOW);
    scan_stretch(&pool, fd, 0, BIG_SIZE);
    look_at_residency(fd, &after);
    window_pool_destroy(&pool);
    assert_int_equal(close(fd), 0);
    assert_as_before(&before, &after);
}

/* A file that is in the cache altogether stays there altogether. */
static void test_scan_keeps_what_is_there(void **state)
{
    struct view *view = *state;
    struct window_pool pool;
    struct residency before;
    struct residency after;
    int fd = make_big_file(view);

    assert_int_equal(fsync(fd), 0); /* clean pages are those that could be dropped */
    look_at_residency(fd, &before);
    window_pool_init(&pool, BIG_WINDOW, BIG_WINDOW);
    scan_stretch(&pool, fd, 0, BIG_SIZE);
    look_at_residency(fd, &after);
    window_pool_destroy(&pool);
    assert_int_equal(close(fd), 0);
    assert_int_equal(count_resident(&before), BIG_PAGES);
    assert_as_before(&before, &after);
}

/* Only what was read is dropped: what others bring in elsewhere meanwhile stays. */
static void test_done_with_a_part(void **state)
{
    struct view *view = *state;
    struct window_pool pool;
    struct residency residency;
    const uint64_t elsewhere = 3 * STEP;
    int fd = make_big_file(view);
    char byte;

    drop_from_cache(fd);
    window_pool_init(&pool, BIG_WINDOW, BIG_WINDOW);
    scan_stretch(&pool, fd, STEP, 2 * STEP);
    assert_int_equal(pread(fd, &byte, 1, (off_t)elsewhere), 1);
    scan_stretch(&pool, fd, STEP, 2 * STEP);
    look_at_residency(fd, &residency);
    window_pool_destroy(&pool);
    assert_int_equal(close(fd), 0);
    for (uint64_t page = STEP / PAGE; page < 2 * STEP / PAGE; page++)
        assert_int_equal(residency.pages[page] & 1, 0);
    assert_int_equal(residency.pages[elsewhere / PAGE] & 1, 1);
}

/* A read takes the room of another window only if that was idle for a while. */
static void test_reads_take_idle_room_alone(void **state)
{
    struct view *view = *state;
    struct window_loan loans[3];
    struct window_loan loan;

    for (uint64_t i = 0; i < 3; i++)
        loans[i] = borrow(view, 0, 2 * i * WINDOW);
    sleep_ms(150); /* lent for long, they are idle only from now on */
    for (uint64_t i = 0; i < 3; i++)
        window_release(&view->pool, &loans[i]);
    assert_int_equal(
        window_acquire(&view->pool, WINDOW_READS, 0, view->fds[0], 6 * WINDOW, SIZE, &loan),
        -NOT_MAPPABLE);
    assert_int_equal(window_pool_mapped(&view->pool), 3 * WINDOW);
    sleep_ms(150);
    use(view, 0, 4 * WINDOW); /* this one is in use again, the others are idle */
    use(view, 0, 6 * WINDOW);
    assert_true(shows(view, "one", 4));
    assert_true(shows(view, "one", 6));
    assert_false(shows(view, "one", 0));
    use(view, 0, 8 * WINDOW);
    assert_false(shows(view, "one", 2));
    assert_int_equal(window_acquire(&view->pool, WINDOW_READS, 0, view->fds[0], 0, SIZE, &loan),
                     -NOT_MAPPABLE);
    assert_int_equal(window_acquire(&view->pool, WINDOW_SCANS, 0, view->fds[0], 0, SIZE, &loan), 0);
    assert_false(shows(view, "one", 4)); /* a scan takes what was used longest ago */
    window_release(&view->pool, &loan);
}

/* A read does not get the window of a scan, nor a scan that of a read. */
static void test_scans_and_reads_do_not_share(void **state)
{
    struct view *view = *state;
    const struct window_loan read = borrow(view, 0, WINDOW);

    view->use = WINDOW_SCANS;
    const struct window_loan scan = borrow(view, 0, WINDOW);
    assert_ptr_not_equal(read.bytes, scan.bytes);
    assert_int_equal(window_pool_mapped(&view->pool), 2 * WINDOW);
    window_release(&view->pool, &scan);
    window_release(&view->pool, &read);
    window_pool_forget(&view->pool, 0);
    assert_int_equal(window_pool_mapped(&view->pool), 0);
}

/* How many pages of a mapping of this file are in our page tables. */
static uint64_t pages_mapped_in(const struct view *view, const char *name)
{
    char path[PATH_MAX + 8];
    char line[PATH_MAX + 256];
    FILE *maps = fopen("/proc/self/smaps", "re");
    unsigned long from = 0;
    unsigned long to = 0;
    unsigned long kib = 0;
    uint64_t pages = 0;
    bool ours = false;

    (void)snprintf(path, sizeof(path), "%s/%s", view->scratch.path, name);
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            ours = strstr(line, path) != NULL;
        if (ours && sscanf(line, "Rss: %lu", &kib) == 1)
            pages += kib * 1024 / PAGE;
    }
    assert_int_equal(fclose(maps), 0);
    return pages;
}

/*
 * What is let go is unmapped from all windows of the file, lent or not, of scans and of reads, and
 * of no other file; all show it again later.
 */
static void test_let_go(void **state)
{
    struct view *view = *state;
    const struct window_loan lent = borrow(view, 0, WINDOW);

    use(view, 1, WINDOW);
    view->use = WINDOW_SCANS;
    use(view, 0, WINDOW);
    assert_int_equal(pages_mapped_in(view, "one"), 2 * WINDOW / PAGE);
    assert_int_equal(pages_mapped_in(view, "two"), WINDOW / PAGE);
    window_pool_let_go(&view->pool, 0, WINDOW + PAGE, 2 * PAGE);
    assert_int_equal(pages_mapped_in(view, "one"), 2 * (WINDOW / PAGE - 2));
    window_pool_let_go(&view->pool, 0, 0, WINDOW);        /* before both */
    window_pool_let_go(&view->pool, 0, 2 * WINDOW, SIZE); /* after both */
    assert_int_equal(pages_mapped_in(view, "one"), 2 * (WINDOW / PAGE - 2));
    window_pool_let_go(&view->pool, 0, 0, SIZE);
    assert_int_equal(pages_mapped_in(view, "one"), 0);
    assert_int_equal(pages_mapped_in(view, "two"), WINDOW / PAGE);
    assert_int_equal(window_pool_mapped(&view->pool), 3 * WINDOW);
    use(view, 0, WINDOW);
    assert_true(pattern_matches(lent.bytes, lent.length, WINDOW, 0));
    window_release(&view->pool, &lent);
    window_pool_let_go(&view->pool, 0, 0, SIZE); /* it gives back what it holds meanwhile */
    window_pool_forget(&view->pool, 0);
    window_pool_forget(&view->pool, 1);
    assert_int_equal(window_pool_mapped(&view->pool), 0);
}

static void use_or_let_go(void *argument, unsigned index)
{
    struct view *view = argument;
    struct random random = random_case(50 + index);

    for (int i = 0; i < 2000; i++) {
        unsigned file = (unsigned)random_below(&random, 2);
        uint64_t offset = random_below(&random, SIZE);
        enum window_use wanted = random_chance(&random, 50) ? WINDOW_READS : WINDOW_SCANS;
        struct window_loan loan;
        if (random_chance(&random, 30)) {
            window_pool_let_go(&view->pool, file, offset, random_below(&random, 3 * WINDOW) + 1);
            continue;
        }
        int error = window_acquire(&view->pool, wanted, file, view->fds[file], offset, SIZE, &loan);
        THREAD_CHECK(error == 0 || error == -NOT_MAPPABLE);
        if (error != 0)
            continue;
        THREAD_CHECK(pattern_matches(loan.bytes, min_u64(loan.length, 64), offset, file));
        window_release(&view->pool, &loan);
    }
}

/* Windows move in the list while others are let go: nothing is lost, or lent for ever. */
static void test_let_go_among_others(void **state)
{
    struct view *view = *state;

    (void)test_seed();
    run_threads(6, use_or_let_go, view);
    window_pool_forget(&view->pool, 0);
    window_pool_forget(&view->pool, 1);
    assert_int_equal(window_pool_mapped(&view->pool), 0);
    assert_int_equal(really_mapped(view), 0);
}

/* A scan does not drop what a read brought in. */
static void test_done_with_a_read(void **state)
{
    struct view *view = *state;
    struct window_pool pool;
    struct residency residency;
    struct window_loan loan;
    int fd = make_big_file(view);

    drop_from_cache(fd);
    window_pool_init(&pool, BIG_WINDOW, BIG_WINDOW);
    assert_int_equal(window_acquire(&pool, WINDOW_READS, 1, fd, 0, BIG_SIZE, &loan), 0);
    assert_true(pattern_matches(loan.bytes, STEP, 0, 2));
    window_done_with(&loan, STEP, fd);
    window_release(&pool, &loan);
    look_at_residency(fd, &residency);
    window_pool_destroy(&pool);
    assert_int_equal(close(fd), 0);
    for (uint64_t page = 0; page < STEP / PAGE; page++)
        assert_int_equal(residency.pages[page] & 1, 1);
}

#define VIEW_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define READS_TEST(name) cmocka_unit_test_setup_teardown(name, setup_reads, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(test_bytes),
        cmocka_unit_test(test_rounding),
        VIEW_TEST(test_shared),
        VIEW_TEST(test_counts),
        READS_TEST(test_shared),
        VIEW_TEST(test_least_recent_goes),
        VIEW_TEST(test_lent_stays),
        VIEW_TEST(test_forget),
        READS_TEST(test_forget),
        VIEW_TEST(test_destroy_unmaps),
        READS_TEST(test_destroy_unmaps),
        VIEW_TEST(test_growth),
        VIEW_TEST(test_growth_little_by_little),
        READS_TEST(test_growth_little_by_little),
        VIEW_TEST(test_cannot_be_mapped),
        READS_TEST(test_cannot_be_mapped),
        VIEW_TEST(test_all_lent),
        VIEW_TEST(test_many_threads),
        VIEW_TEST(test_scan_leaves_cache),
        VIEW_TEST(test_scan_keeps_what_is_there),
        VIEW_TEST(test_done_with_a_part),
        READS_TEST(test_reads_take_idle_room_alone),
        READS_TEST(test_scans_and_reads_do_not_share),
        READS_TEST(test_let_go),
        READS_TEST(test_let_go_among_others),
        READS_TEST(test_done_with_a_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
