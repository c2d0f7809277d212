/* SPDX-License-Identifier: MIT */
/*
 * open_files: descriptors that are shared, kept while pinned, and never more than the limit.
 *
 * This program is linked with --wrap=close, so that it knows what is really open at every moment.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/open_files.h"

enum { MOST_SLOTS = 24, MOST_DESCRIPTORS = 1024 };

/* A slot, and what its opener did and will do. */
struct slot {
    struct open_file file;
    atomic_uint opened;
    atomic_int error; /* 0, or what the opener fails with */
};

static struct {
    struct open_files files;
    struct slot slots[MOST_SLOTS];
    _Atomic(struct slot *) owners[MOST_DESCRIPTORS]; /* whose descriptor it is, by number */
    atomic_uint really_open;
    atomic_uint most_open;
    atomic_bool slow_close;
    atomic_uint locked; /* how often the lock was held while a file was opened or closed */
    bool alone;         /* only one thread: a held lock is held by this one */
} cache;

int __real_close(int fd);
int __wrap_close(int fd);

static void note_lock(void)
{
    if (!cache.alone)
        return;
    if (pthread_mutex_trylock(&cache.files.lock) != 0)
        atomic_fetch_add(&cache.locked, 1);
    else
        (void)pthread_mutex_unlock(&cache.files.lock);
}

int __wrap_close(int fd)
{
    if (fd >= 0 && fd < MOST_DESCRIPTORS && atomic_exchange(&cache.owners[fd], NULL) != NULL) {
        note_lock();
        if (atomic_load(&cache.slow_close))
            sleep_ms(1);
        atomic_fetch_sub(&cache.really_open, 1);
    }
    return __real_close(fd);
}

static void count_open(void)
{
    unsigned now = atomic_fetch_add(&cache.really_open, 1) + 1;
    unsigned most = atomic_load(&cache.most_open);
    while (now > most && !atomic_compare_exchange_weak(&cache.most_open, &most, now))
        ;
}

static int open_slot(void *argument)
{
    struct slot *slot = argument;
    int error = atomic_load(&slot->error);
    int fd;

    note_lock();
    atomic_fetch_add(&slot->opened, 1);
    if (error != 0)
        return error;
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (!THREAD_CHECK(fd < MOST_DESCRIPTORS))
        abort();
    atomic_store(&cache.owners[fd], slot);
    count_open();
    return fd;
}

static int get(unsigned number, int *fd)
{
    struct slot *slot = &cache.slots[number];
    return open_files_get(&cache.files, &slot->file, open_slot, slot, fd);
}

static void put(unsigned number)
{
    open_files_put(&cache.files, &cache.slots[number].file);
}

static void pin(unsigned number)
{
    open_files_pin(&cache.files, &cache.slots[number].file);
}

/* Returns whether it was the last pin. */
static bool unpin(unsigned number)
{
    return open_files_unpin(&cache.files, &cache.slots[number].file);
}

static bool belongs_to(int fd, unsigned number)
{
    return fd >= 0 && fcntl(fd, F_GETFD) >= 0 &&
           atomic_load(&cache.owners[fd]) == &cache.slots[number];
}

static int borrow(unsigned number)
{
    int fd = -1;
    assert_int_equal(get(number, &fd), 0);
    assert_true(belongs_to(fd, number));
    return fd;
}

static void use(unsigned number)
{
    (void)borrow(number);
    put(number);
}

static unsigned times_opened(unsigned number)
{
    return atomic_load(&cache.slots[number].opened);
}

static void begin(unsigned limit)
{
    open_files_init(&cache.files, limit);
    for (unsigned i = 0; i < MOST_SLOTS; i++) {
        open_file_init(&cache.slots[i].file);
        atomic_store(&cache.slots[i].opened, 0);
        atomic_store(&cache.slots[i].error, 0);
    }
    atomic_store(&cache.most_open, 0);
    atomic_store(&cache.locked, 0);
    atomic_store(&cache.slow_close, false);
    cache.alone = true;
}

/* Nothing is open any more, and the counter knows it. */
static void end(void)
{
    assert_int_equal(open_files_count(&cache.files), 0);
    assert_int_equal(atomic_load(&cache.really_open), 0);
    assert_int_equal(atomic_load(&cache.locked), 0);
    open_files_destroy(&cache.files);
}

/* Closes descriptors left open by a failed test. */
static int teardown(void **state)
{
    (void)state;
    for (int fd = 0; fd < MOST_DESCRIPTORS; fd++)
        if (atomic_load(&cache.owners[fd]) != NULL)
            (void)close(fd);
    return 0;
}

/* Half of what is left after 32, within bounds. */
static void test_limit(void **state)
{
    const struct {
        unsigned long descriptors;
        unsigned limit;
    } expected[] = {
        {0, 4},
        {1, 4},
        {32, 4},
        {40, 4},
        {42, 5},
        {64, 16},
        {256, 112},
        {543, 255},
        {1024, 256},
        {1ul << 20, 256},
        {RLIM_INFINITY, 256},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(expected); i++)
        assert_int_equal(open_files_limit(expected[i].descriptors), expected[i].limit);
}

/*
 * One descriptor serves all that ask for a slot, and an unpinned one closes with the last of them.
 */
static void test_shared(void **state)
{
    (void)state;
    begin(4);
    int first = borrow(0);
    assert_int_equal(borrow(0), first);
    assert_int_equal(times_opened(0), 1);
    assert_int_equal(open_files_count(&cache.files), 1);
    put(0);
    assert_true(belongs_to(first, 0));
    put(0);
    assert_int_equal(open_files_count(&cache.files), 0);
    const struct open_files_counts counts = open_files_counts(&cache.files);
    assert_int_equal(counts.hits, 1);
    assert_int_equal(counts.misses, 1);
    end();
}

/* A pinned one stays open between uses, as long as there is a pin. */
static void test_pins(void **state)
{
    (void)state;
    begin(4);
    pin(0);
    pin(0);
    use(0);
    assert_false(unpin(0));
    use(0);
    assert_int_equal(times_opened(0), 1);
    assert_int_equal(open_files_count(&cache.files), 1);
    assert_true(unpin(0));
    assert_int_equal(open_files_count(&cache.files), 0);
    end();
}

/* A pin alone opens nothing; if it is removed while the descriptor is lent, that closes later. */
static void test_unpin_while_lent(void **state)
{
    (void)state;
    begin(4);
    pin(1);
    unpin(1);
    assert_int_equal(times_opened(1), 0);
    pin(0);
    int fd = borrow(0);
    unpin(0);
    assert_true(belongs_to(fd, 0));
    put(0);
    assert_int_equal(open_files_count(&cache.files), 0);
    end();
}

/* The least recently used idle descriptor gives its place. */
static void test_least_recent_goes(void **state)
{
    (void)state;
    begin(3);
    for (unsigned i = 0; i < 4; i++)
        pin(i);
    use(0);
    use(1);
    use(2);
    use(0); /* now 1 is the one used longest ago */
    use(3);
    use(0);
    use(2);
    assert_int_equal(times_opened(0), 1);
    assert_int_equal(times_opened(2), 1);
    assert_int_equal(open_files_count(&cache.files), 3);
    use(1);
    assert_int_equal(times_opened(1), 2);
    assert_int_equal(atomic_load(&cache.most_open), 3);
    for (unsigned i = 0; i < 4; i++)
        unpin(i);
    end();
}

/* What is lent is not taken away, however long ago it was lent. */
static void test_lent_stays(void **state)
{
    (void)state;
    begin(2);
    pin(1);
    int fd = borrow(0);
    use(1);
    use(2);
    use(3);
    assert_true(belongs_to(fd, 0));
    assert_int_equal(borrow(0), fd); /* all places are taken, but this needs none */
    put(0);
    put(0);
    unpin(1);
    end();
}

/* The caller gets the opener's error; the place is free again. */
static void test_opener_fails(void **state)
{
    int fd = -1;
    (void)state;

    begin(1);
    atomic_store(&cache.slots[0].error, -ENXIO);
    for (int i = 0; i < 3; i++)
        assert_int_equal(get(0, &fd), -ENXIO);
    assert_int_equal(open_files_count(&cache.files), 0);
    use(1);
    atomic_store(&cache.slots[0].error, 0);
    use(0);
    end();
}

/* Relief closes idle descriptors, the least recently used first, and no others. */
static void test_relieve(void **state)
{
    (void)state;
    begin(4);
    assert_false(open_files_relieve(&cache.files));
    for (unsigned i = 0; i < 3; i++) {
        pin(i);
        use(i);
    }
    int lent = borrow(0);
    assert_true(open_files_relieve(&cache.files));
    use(2);
    assert_int_equal(times_opened(2), 1);
    use(1);
    assert_int_equal(times_opened(1), 2);
    assert_true(open_files_relieve(&cache.files));
    assert_true(open_files_relieve(&cache.files));
    assert_false(open_files_relieve(&cache.files));
    assert_true(belongs_to(lent, 0));
    put(0);
    for (unsigned i = 0; i < 3; i++)
        unpin(i);
    end();
}

/* If all places are lent there is one more for each caller that asks, closed when it comes back. */
static void test_more_than_limit(void **state)
{
    (void)state;
    begin(2);
    for (unsigned i = 0; i < 5; i++) {
        pin(i);
        (void)borrow(i);
    }
    assert_int_equal(open_files_count(&cache.files), 5);
    assert_int_equal(atomic_load(&cache.really_open), 5);
    for (unsigned i = 0; i < 5; i++)
        put(i);
    assert_int_equal(open_files_count(&cache.files), 2);
    assert_int_equal(atomic_load(&cache.really_open), 2);
    use(0);
    use(4);
    assert_int_equal(atomic_load(&cache.really_open), 2);
    for (unsigned i = 0; i < 5; i++)
        unpin(i);
    end();
}

/* Two threads that open the same slot at the same time, both already in their openers. */
struct rivals {
    atomic_uint opening;
    atomic_uint lent;
    bool first_fails;
    atomic_int fds[2];
};

struct rival {
    struct rivals *rivals;
    unsigned index;
};

static int open_as_rival(void *argument)
{
    const struct rival *rival = argument;
    struct rivals *rivals = rival->rivals;

    atomic_fetch_add(&rivals->opening, 1);
    while (atomic_load(&rivals->opening) < 2)
        sleep_ms(1);
    if (rival->index == 0 && rivals->first_fails) {
        while (atomic_load(&rivals->lent) == 0)
            sleep_ms(1);
        return -EIO;
    }
    return open_slot(&cache.slots[0]);
}

static void race_for_slot(void *argument, unsigned index)
{
    struct rivals *rivals = argument;
    struct rival rival = {rivals, index};
    int fd = -1;

    THREAD_CHECK(open_files_get(&cache.files, &cache.slots[0].file, open_as_rival, &rival, &fd) ==
                 0);
    atomic_store(&rivals->fds[index], fd);
    atomic_fetch_add(&rivals->lent, 1);
    while (atomic_load(&rivals->lent) < 2)
        sleep_ms(1);
    THREAD_CHECK(belongs_to(fd, 0));
    THREAD_CHECK(open_files_count(&cache.files) == 1);
    put(0);
}

/* The second to arrive gets the descriptor of the first, even if it failed to open one. */
static void test_another_thread_first(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rivals rivals = {.first_fails = i == 1};
        begin(4);
        cache.alone = false;
        run_threads(2, race_for_slot, &rivals);
        assert_int_equal(atomic_load(&rivals.fds[0]), atomic_load(&rivals.fds[1]));
        end();
    }
}

static int relieve_and_open(void *argument)
{
    (void)open_files_relieve(&cache.files);
    return open_slot(argument);
}

/* No lock is held while a file is opened: the opener may ask for relief, as beneath_open does. */
static void test_relief_while_opening(void **state)
{
    int fd = -1;
    (void)state;

    begin(4);
    pin(0);
    use(0);
    assert_int_equal(
        open_files_get(&cache.files, &cache.slots[1].file, relieve_and_open, &cache.slots[1], &fd),
        0);
    put(1);
    use(0);
    assert_int_equal(times_opened(0), 2);
    unpin(0);
    end();
}

static void use_at_random(struct random *random, unsigned number)
{
    int fd = -1;
    int error = get(number, &fd);

    if (error != 0) {
        THREAD_CHECK(error == -EIO);
        return;
    }
    THREAD_CHECK(belongs_to(fd, number));
    if (random_chance(random, 20))
        sched_yield();
    THREAD_CHECK(belongs_to(fd, number)); /* still: no thread closed it meanwhile */
    put(number);
}

/* Uses slots, some pinned for a while, some failing, and asks for relief now and then. */
static void work_at_random(void *argument, unsigned index)
{
    struct random random = random_case(index);
    unsigned pinned = MOST_SLOTS;
    (void)argument;

    for (int i = 0; i < 300; i++) {
        unsigned number = (unsigned)random_below(&random, MOST_SLOTS);
        atomic_store(&cache.slots[number].error, random_chance(&random, 5) ? -EIO : 0);
        if (pinned == MOST_SLOTS && random_chance(&random, 30)) {
            pin(number);
            pinned = number;
        }
        use_at_random(&random, number);
        if (pinned < MOST_SLOTS && random_chance(&random, 10)) {
            unpin(pinned);
            pinned = MOST_SLOTS;
        }
        if (random_chance(&random, 3))
            (void)open_files_relieve(&cache.files);
    }
    if (pinned < MOST_SLOTS)
        unpin(pinned);
}

/* What is really open is bounded by the threads, even if all of them have one lent and one to
 * close. */
static void test_many_threads(void **state)
{
    enum { THREADS = 12 };
    (void)state;

    (void)test_seed();
    begin(5);
    cache.alone = false;
    atomic_store(&cache.slow_close, true);
    run_threads(THREADS, work_at_random, NULL);
    assert_in_range(atomic_load(&cache.most_open), 2, 2 * THREADS);
    end();
}

#define CACHE_TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CACHE_TEST(test_limit),
        CACHE_TEST(test_shared),
        CACHE_TEST(test_pins),
        CACHE_TEST(test_unpin_while_lent),
        CACHE_TEST(test_least_recent_goes),
        CACHE_TEST(test_lent_stays),
        CACHE_TEST(test_opener_fails),
        CACHE_TEST(test_relieve),
        CACHE_TEST(test_more_than_limit),
        CACHE_TEST(test_another_thread_first),
        CACHE_TEST(test_relief_while_opening),
        CACHE_TEST(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
