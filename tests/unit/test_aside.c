/* SPDX-License-Identifier: MIT */
/*
 * aside: what waits aside is tried again in its lane, or answered at once if it is interrupted, and
 * at the end. Each request is answered once.
 *
 * This program is linked with --wrap=fuse_req_interrupt_func.
 */
#include "tests/unit/support.h"

#include <pthread.h>
#include <string.h>

#include "core/base/outcome.h"
#include "fs/serve/aside.h"
#include "fs/serve/crew_lane.h"

enum { MOST = 16, LONG_MS = 1000 * 1000, PATIENCE_MS = 20000, DEVICE = 5 };

/* What libfuse keeps of a request. Its lock is held during the callback, as there. */
struct waiting {
    pthread_mutex_t lock;
    bool interrupted;
    fuse_interrupt_func_t function;
    void *argument;
};

/* Its number is in its `fuse`. */
static struct {
    struct aside aside;
    struct crew_lane lane;
    struct waiting waiting[MOST];
    atomic_uint tries[MOST];
    atomic_uint refused[MOST];
    atomic_int refused_with[MOST];
    unsigned tries_wanted; /* before a request is done */
    atomic_uint done;
    atomic_uint odd; /* what must not be */
} trial;

static fuse_req_t fuse_of(unsigned number)
{
    return (fuse_req_t)(uintptr_t)(number * 16);
}

static unsigned number_of(fuse_req_t fuse)
{
    return (unsigned)((uintptr_t)fuse / 16);
}

void __wrap_fuse_req_interrupt_func(fuse_req_t fuse, fuse_interrupt_func_t function,
                                    void *argument);

void __wrap_fuse_req_interrupt_func(fuse_req_t fuse, fuse_interrupt_func_t function, void *argument)
{
    struct waiting *waiting = &trial.waiting[number_of(fuse)];
    pthread_mutex_lock(&waiting->lock);
    waiting->function = function;
    waiting->argument = argument;
    if (waiting->interrupted && function != NULL)
        function(fuse, argument);
    pthread_mutex_unlock(&waiting->lock);
}

static void interrupt(unsigned number)
{
    struct waiting *waiting = &trial.waiting[number];
    pthread_mutex_lock(&waiting->lock);
    waiting->interrupted = true;
    if (waiting->function != NULL)
        waiting->function(fuse_of(number), waiting->argument);
    waiting->function = NULL;
    pthread_mutex_unlock(&waiting->lock);
}

/* Fails as often as the trial wants, and is put aside each time. */
static void try_it(struct request *request)
{
    unsigned number = number_of(request->fuse);
    unsigned tries = atomic_fetch_add(&trial.tries[number], 1) + 1;

    if (request->lane != &trial.lane || request->device != DEVICE || request->inode != number)
        atomic_fetch_add(&trial.odd, 1);
    if (tries > 1 && request->aside_since == 0)
        atomic_fetch_add(&trial.odd, 1);
    if (tries >= trial.tries_wanted)
        atomic_fetch_add(&trial.done, 1);
    else if (!aside_wait(&trial.aside, request, LONG_MS))
        atomic_fetch_add(&trial.odd, 1);
}

static void refuse(const struct request *request, int error)
{
    unsigned number = number_of(request->fuse);
    atomic_store(&trial.refused_with[number], error);
    atomic_fetch_add(&trial.refused[number], 1);
}

static const struct operation trying = {.name = "try", .run = try_it, .refuse = refuse};

static struct request request_of(unsigned number)
{
    return (struct request){
        .operation = &trying, .fuse = fuse_of(number), .inode = number, .device = DEVICE};
}

/* Stands in for the crew. It does not block: only this thread works on the line. */
static void work_on_lane(void *argument)
{
    crew_lane_work(argument);
}

static int setup(void **state)
{
    (void)state;
    memset(&trial, 0, sizeof(trial));
    for (unsigned i = 0; i < MOST; i++)
        pthread_mutex_init(&trial.waiting[i].lock, NULL);
    crew_lane_init(&trial.lane, MOST);
    return aside_start(&trial.aside, work_on_lane, &trial.lane);
}

static int teardown(void **state)
{
    (void)state;
    aside_stop(&trial.aside);
    crew_lane_destroy(&trial.lane);
    return 0;
}

static void run_request(unsigned number)
{
    const struct request request = request_of(number);
    crew_lane_run(&trial.lane, &request);
}

static void wait_for(atomic_uint *counter, unsigned wanted)
{
    for (unsigned waited = 0; waited < PATIENCE_MS && atomic_load(counter) < wanted; waited++)
        sleep_ms(1);
    assert_int_equal(atomic_load(counter), wanted);
}

/* In its lane, as one of its device, and it remembers that it waits. */
static void test_tried_again_until_it_is_done(void **state)
{
    (void)state;
    trial.tries_wanted = 3;
    for (unsigned i = 1; i < MOST; i++)
        run_request(i);
    wait_for(&trial.done, MOST - 1);
    assert_int_equal(atomic_load(&trial.odd), 0);
    for (unsigned i = 1; i < MOST; i++) {
        assert_int_equal(atomic_load(&trial.tries[i]), 3);
        assert_int_equal(atomic_load(&trial.refused[i]), 0);
    }
}

/* The caller still has to answer. */
static void test_no_patience(void **state)
{
    struct request request = request_of(1);
    (void)state;

    request.lane = &trial.lane;
    assert_false(aside_wait(&trial.aside, &request, 0));
    request.aside_since = 1; /* long ago */
    assert_false(aside_wait(&trial.aside, &request, 1));
    assert_int_equal(atomic_load(&trial.refused[1]), 0);
    assert_null(trial.waiting[1].function);
}

/* At once, though it would have been tried again and again. */
static void test_interrupted(void **state)
{
    (void)state;
    trial.tries_wanted = UINT32_MAX;
    for (unsigned i = 1; i < MOST; i++)
        run_request(i);
    for (unsigned i = 1; i < MOST; i += 2)
        interrupt(i);
    for (unsigned i = 1; i < MOST; i += 2) {
        wait_for(&trial.refused[i], 1);
        assert_int_equal(atomic_load(&trial.refused_with[i]), -CANCELLED);
    }
    for (unsigned i = 2; i < MOST; i += 2)
        assert_int_equal(atomic_load(&trial.refused[i]), 0);
    assert_int_equal(atomic_load(&trial.odd), 0);
}

/* libfuse calls back while it is put aside. */
static void test_interrupted_before(void **state)
{
    (void)state;
    trial.tries_wanted = 2;
    interrupt(1);
    run_request(1);
    assert_int_equal(atomic_load(&trial.refused[1]), 1);
    assert_int_equal(atomic_load(&trial.refused_with[1]), -CANCELLED);
    assert_int_equal(atomic_load(&trial.tries[1]), 1);
    assert_null(trial.waiting[1].function);
}

/* Whatever an interrupt meets: each request is answered once. */
static void interrupt_all(void *argument, unsigned index)
{
    (void)argument;
    for (unsigned i = 1; i < MOST; i++)
        if (index == 0)
            run_request(i);
        else
            interrupt(i);
}

static void test_interrupted_at_any_moment(void **state)
{
    unsigned answers = 0;
    (void)state;

    trial.tries_wanted = 2;
    run_threads(2, interrupt_all, NULL);
    for (unsigned waited = 0; waited < PATIENCE_MS && answers < MOST - 1; waited++) {
        answers = atomic_load(&trial.done);
        for (unsigned i = 1; i < MOST; i++)
            answers += atomic_load(&trial.refused[i]);
        sleep_ms(1);
    }
    assert_int_equal(answers, MOST - 1);
    for (unsigned i = 1; i < MOST; i++)
        assert_true(atomic_load(&trial.refused[i]) <= 1);
    assert_int_equal(atomic_load(&trial.odd), 0);
}

/* None is left waiting, and what comes later does not wait. */
static void test_end(void **state)
{
    (void)state;
    trial.tries_wanted = UINT32_MAX;
    for (unsigned i = 1; i < MOST; i++)
        run_request(i);
    aside_stop(&trial.aside);
    for (unsigned i = 1; i < MOST; i++) {
        assert_int_equal(atomic_load(&trial.refused[i]), 1);
        assert_int_equal(atomic_load(&trial.refused_with[i]), -CANCELLED);
    }
    atomic_store(&trial.tries[1], 0);
    run_request(1);
    assert_int_equal(atomic_load(&trial.refused[1]), 2);
    assert_int_equal(atomic_load(&trial.odd), 0);
}

static void test_end_without_beginning(void **state)
{
    struct aside aside = {0};
    (void)state;
    aside_stop(&aside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tried_again_until_it_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_patience, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupted_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupted_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
        cmocka_unit_test(test_end_without_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
