/* SPDX-License-Identifier: MIT */
/*
 * prefetch, for several readers: none gets bytes of another file, all share the buffers, and what
 * one closes is nobody's any more.
 *
 * This program is linked with --wrap=clock_gettime (tests/unit/fake_clock.h).
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <pthread.h>

#include "tests/unit/prefetch_fixture.h"

/* --- several ---------------------------------------------------------------------------------- */

/* The buffers are for all. A reader that pauses loses its own, but not what it replies from. */
static void test_a_reader_that_pauses(void **state)
{
    struct file *file = *state;
    struct file others[BUFFERS];

    read_two(file);
    struct prefetch_read read = begin(file, 2 * STEP, STEP);
    assert_true(has_right_bytes(file, &read, 2 * STEP, STEP));
    fake_clock_move(FRESH_MS + 1);
    for (unsigned i = 0; i < BUFFERS; i++) {
        file_init(&others[i], 2 + i);
        read_two(&others[i]);
    }
    assert_int_equal(others[0].calls + others[1].calls + others[2].calls + others[3].calls,
                     BUFFERS - 1);
    assert_true(has_right_bytes(file, &read, 2 * STEP, STEP));
    prefetch_end(&file->prefetch, &read, NULL, NULL);
    assert_false(read_at(file, 3 * STEP, STEP));
    for (unsigned i = 0; i < BUFFERS; i++)
        prefetch_destroy(&others[i].prefetch);
}

static void test_fresh_bytes_are_not_taken_away(void **state)
{
    struct file *file = *state;
    struct file others[2];

    read_two(file);
    for (unsigned i = 0; i < 2; i++) {
        file_init(&others[i], 2 + i);
        read_two(&others[i]);
    }
    assert_int_equal(others[0].calls, PREFETCH_STRETCHES);
    assert_int_equal(others[1].calls, 0); /* no buffer is left */
    assert_true(read_at(file, 2 * STEP, STEP));
    assert_true(read_at(&others[0], 2 * STEP, STEP));
    assert_false(read_at(&others[1], 2 * STEP, STEP));
    for (unsigned i = 0; i < 2; i++)
        prefetch_destroy(&others[i].prefetch);
}

/* Any reads of several files that change: see has_right_bytes(). */
static void test_random_reads(void **state)
{
    struct file files[3];
    unsigned had = 0;
    (void)state;

    for (unsigned i = 0; i < LENGTH_OF(files); i++)
        file_init(&files[i], 10 + i);
    for (uint64_t i = 0; i < 1000; i++) {
        struct random random = random_case(i);
        struct file *file = &files[random_below(&random, LENGTH_OF(files))];
        uint64_t offset = random_chance(&random, 90) ? file->prefetch.next
                                                     : random_below(&random, 20 * (uint64_t)STEP);
        size_t size = random_chance(&random, 80) ? STEP : (size_t)random_between(&random, 1, STEP);
        atomic_fetch_add(&file->version, random_chance(&random, 10) ? 1 : 0);
        fake_clock_move(random_chance(&random, 10) ? 60 : 0);
        atomic_store(&file->error, random_chance(&random, 5) ? -EIO : 0);
        had += read_at(file, offset, size) ? 1 : 0;
    }
    assert_true(had > 100);
    for (unsigned i = 0; i < LENGTH_OF(files); i++)
        prefetch_destroy(&files[i].prefetch);
}

/* --- threads ---------------------------------------------------------------------------------- */

struct second {
    struct file *file;
    uint64_t offset;
    atomic_bool over;
    atomic_bool had;
    pthread_t thread;
};

static void *read_in_thread(void *argument)
{
    struct second *second = argument;
    struct file *file = second->file;
    struct prefetch_read read = begin(file, second->offset, STEP);
    atomic_store(&second->had,
                 read.bytes != NULL && pattern_matches(read.bytes, STEP, second->offset,
                                                       kind_of(file, read.then.inode)));
    prefetch_end(&file->prefetch, &read, copy, file);
    atomic_store(&second->over, true);
    return NULL;
}

static void *close_in_thread(void *argument)
{
    struct second *second = argument;
    prefetch_destroy(&second->file->prefetch);
    atomic_store(&second->over, true);
    return NULL;
}

static void *read_second(void *argument)
{
    (void)read_at(argument, STEP, STEP);
    return NULL;
}

/* Makes the second read, and returns when the thread that made it is about to copy, at the gate. */
static pthread_t begin_to_fill(struct file *file, sem_t *gate, sem_t *at_gate)
{
    pthread_t filler;

    assert_int_equal(sem_init(gate, 0, 0), 0);
    assert_int_equal(sem_init(at_gate, 0, 0), 0);
    file->gate = gate;
    file->at_gate = at_gate;
    assert_false(read_at(file, 0, STEP));
    assert_int_equal(pthread_create(&filler, NULL, read_second, file), 0);
    while (sem_wait(at_gate) != 0)
        continue;
    return filler;
}

static void open_gate(sem_t *gate)
{
    for (unsigned i = 0; i < 100; i++)
        (void)sem_post(gate);
}

/* `work` begins during a copy and must wait for it. Then the copy ends with the error (0: none). */
static void run_during_copy(struct second *second, void *(*work)(void *), int error)
{
    sem_t gate;
    sem_t at_gate;

    pthread_t filler = begin_to_fill(second->file, &gate, &at_gate);
    assert_int_equal(pthread_create(&second->thread, NULL, work, second), 0);
    sleep_ms(20);
    assert_false(atomic_load(&second->over));
    second->file->error = error;
    open_gate(&gate);
    assert_int_equal(pthread_join(second->thread, NULL), 0);
    assert_int_equal(pthread_join(filler, NULL), 0);
}

/* It waits for the copy that is being made just now, and gets it. */
static void test_the_next_read_comes_during_the_copy(void **state)
{
    struct second second = {.file = *state, .offset = 2 * STEP};

    run_during_copy(&second, read_in_thread, 0);
    assert_true(atomic_load(&second.had));
}

/* The same, and the copy fails: it gets nothing, and is not left waiting. */
static void test_the_copy_that_is_waited_for_fails(void **state)
{
    struct second second = {.file = *state, .offset = 2 * STEP};

    run_during_copy(&second, read_in_thread, -EIO);
    assert_false(atomic_load(&second.had));
}

/* The file is there as long as a thread copies from it. Afterwards no buffer is its own. */
static void test_closed_during_the_copy(void **state)
{
    struct second closer = {.file = *state};

    run_during_copy(&closer, close_in_thread, 0);
    assert_int_equal(count_taken(), 0);
}

/* Opened, read by two and closed, by several at once, with too few buffers. */
static void read_and_close(void *argument, unsigned index)
{
    struct file file;

    (void)argument;
    for (unsigned round = 0; round < 30; round++) {
        file_init(&file, 100 * (index + 1) + round);
        (void)prefetch_concerns(&file.prefetch, STEP);
        for (uint64_t i = 0; i < 6; i++) {
            struct prefetch_read read = begin(&file, i * STEP, STEP);
            THREAD_CHECK(read.bytes == NULL ||
                         pattern_matches(read.bytes, STEP, i * STEP, kind_of(&file, 0)));
            prefetch_end(&file.prefetch, &read, copy, &file);
        }
        prefetch_destroy(&file.prefetch);
    }
}

static void test_many_files_at_once(void **state)
{
    (void)state;
    run_threads(4, read_and_close, NULL);
    assert_int_equal(count_taken(), 0);
}

/* All read one file, each at places of its own: hardly ever in order, but sometimes. */
static void read_anywhere(void *argument, unsigned index)
{
    struct file *file = argument;
    struct random random = random_case(index);

    for (unsigned i = 0; i < 200; i++) {
        uint64_t offset = random_below(&random, 4) * STEP;
        struct prefetch_read read = begin(file, offset, STEP);
        THREAD_CHECK(read.bytes == NULL ||
                     pattern_matches(read.bytes, STEP, offset, kind_of(file, read.then.inode)));
        atomic_fetch_add(&file->version, i % 16 == 0 ? 1 : 0);
        prefetch_end(&file->prefetch, &read, copy, file);
    }
}

static void test_many_readers_of_one_file(void **state)
{
    (void)test_seed(); /* chosen by the first call, which no two threads may make */
    run_threads(3, read_anywhere, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_reader_that_pauses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fresh_bytes_are_not_taken_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_next_read_comes_during_the_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_copy_that_is_waited_for_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_during_the_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_files_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_readers_of_one_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
