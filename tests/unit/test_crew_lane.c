/* SPDX-License-Identifier: MIT */
/* A lane: how much room each device gets, in which order requests run, and which leave the line. */
#include "fs/serve/crew_lane.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/outcome.h"
#include "support.h"

enum { MOST = 64 };

/* What a test's request does: it runs until it may end. Its number is that of its fuse_req_t. */
static struct {
    struct crew_lane lane;
    atomic_bool may_end[MOST];
    atomic_bool runs[MOST];
    atomic_int ended;
    atomic_int refused_with[MOST];
    fuse_interrupt_func_t on_interrupt[MOST];
    void *argument[MOST];
    pthread_t threads[MOST];
} trial;

static unsigned number_of(fuse_req_t fuse)
{
    return (unsigned)((uintptr_t)fuse / 16);
}

void __wrap_fuse_req_interrupt_func(fuse_req_t request, fuse_interrupt_func_t function,
                                    void *argument);

void __wrap_fuse_req_interrupt_func(fuse_req_t request, fuse_interrupt_func_t function,
                                    void *argument)
{
    trial.on_interrupt[number_of(request)] = function;
    trial.argument[number_of(request)] = argument;
}

static void run(struct request *request)
{
    unsigned number = number_of(request->fuse);
    atomic_store(&trial.runs[number], true);
    while (!atomic_load(&trial.may_end[number]))
        sleep_ms(1);
    atomic_fetch_add(&trial.ended, 1);
}

static void refuse(const struct request *request, int error)
{
    atomic_store(&trial.refused_with[number_of(request->fuse)], error);
}

static const struct operation trial_operation = {.name = "trial", .run = run, .refuse = refuse};

static struct request request_of(unsigned number, uint64_t device)
{
    return (struct request){.operation = &trial_operation,
                            .fuse = (fuse_req_t)(uintptr_t)(number * 16),
                            .device = device};
}

struct start {
    unsigned number;
    uint64_t device;
};

static struct start starts[MOST];

static void *start_in_thread(void *argument)
{
    const struct start *start = argument;
    const struct request request = request_of(start->number, start->device);
    crew_lane_run(&trial.lane, &request);
    return NULL;
}

/* Brings a request with a thread of its own, and waits until it runs or stands in line. */
static void bring(unsigned number, uint64_t device)
{
    struct crew_load before = crew_lane_load(&trial.lane);
    struct crew_load now;

    starts[number] = (struct start){number, device};
    assert_int_equal(pthread_create(&trial.threads[number], NULL, start_in_thread, &starts[number]),
                     0);
    do {
        sleep_ms(1);
        now = crew_lane_load(&trial.lane);
    } while (now.running + now.queued == before.running + before.queued ||
             (now.running > before.running && !atomic_load(&trial.runs[number])));
}

static void let_all_end(unsigned count)
{
    for (unsigned i = 1; i <= count; i++)
        atomic_store(&trial.may_end[i], true);
    for (unsigned i = 1; i <= count; i++)
        (void)pthread_join(trial.threads[i], NULL);
    assert_int_equal(crew_lane_load(&trial.lane).running, 0);
    assert_int_equal(crew_lane_load(&trial.lane).queued, 0);
}

static int set_up(void **state)
{
    (void)state;
    memset(&trial, 0, sizeof(trial));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    crew_lane_destroy(&trial.lane);
    return 0;
}

/* However many requests of silent devices there are, one more device finds a place. */
static void test_each_device_leaves_room(void **state)
{
    static const unsigned expected[] = {4, 2, 1, 1}; /* of 8: half of what the others leave */
    unsigned number = 0;

    (void)state;
    crew_lane_init(&trial.lane, 8);
    for (uint64_t device = 1; device <= LENGTH_OF(expected); device++) {
        unsigned running = crew_lane_load(&trial.lane).running;
        for (int i = 0; i < 6; i++)
            bring(++number, device);
        assert_int_equal(crew_lane_load(&trial.lane).running - running, expected[device - 1]);
    }
    let_all_end(number);
    assert_int_equal(atomic_load(&trial.ended), number);
}

static void test_the_smallest_lanes(void **state)
{
    (void)state;
    crew_lane_init(&trial.lane, 2);
    bring(1, 1);
    bring(2, 1);
    bring(3, 2);
    assert_true(atomic_load(&trial.runs[1]));
    assert_false(atomic_load(&trial.runs[2]));
    assert_true(atomic_load(&trial.runs[3]));
    let_all_end(3);
}

/* What needs no device takes all room that there is. */
static void test_no_device(void **state)
{
    (void)state;
    crew_lane_init(&trial.lane, 3);
    for (unsigned i = 1; i <= 4; i++)
        bring(i, 0);
    assert_int_equal(crew_lane_load(&trial.lane).running, 3);
    let_all_end(4);
}

/* A killed reader that stands in line is answered at once, and the line goes on without it. */
static void test_interrupted_in_line(void **state)
{
    (void)state;
    crew_lane_init(&trial.lane, 2);
    for (unsigned i = 1; i <= 3; i++)
        bring(i, 1);
    assert_int_equal(crew_lane_load(&trial.lane).queued, 2);
    trial.on_interrupt[2]((fuse_req_t)(uintptr_t)(2 * 16), trial.argument[2]);
    assert_int_equal(atomic_load(&trial.refused_with[2]), -CANCELLED);
    assert_int_equal(crew_lane_load(&trial.lane).queued, 1);
    let_all_end(3);
    assert_false(atomic_load(&trial.runs[2]));
    assert_true(atomic_load(&trial.runs[3]));
}

/* A request that finds out that it needs another device goes to the end of that one's line. */
static void run_and_move(struct request *request)
{
    if (request->device == 1) {
        crew_lane_queue(&trial.lane, request, 2);
        return;
    }
    run(request);
}

static const struct operation moving_operation = {
    .name = "moving", .run = run_and_move, .refuse = refuse};

static void test_to_another_device(void **state)
{
    struct request request = request_of(3, 1);

    (void)state;
    crew_lane_init(&trial.lane, 4);
    bring(1, 2);
    bring(2, 2); /* has its share */
    request.operation = &moving_operation;
    crew_lane_run(&trial.lane, &request);
    assert_false(atomic_load(&trial.runs[3]));
    assert_int_equal(crew_lane_load(&trial.lane).running, 2);
    assert_int_equal(crew_lane_load(&trial.lane).queued, 1);
    atomic_store(&trial.may_end[3], true);
    let_all_end(2);
    assert_true(atomic_load(&trial.runs[3]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_device_leaves_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_smallest_lanes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupted_in_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_to_another_device, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
