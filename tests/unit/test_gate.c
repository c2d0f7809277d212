/* The gate: how much room each device gets, in which order jobs run, and which leave the line. */
#include "fs/serve/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/outcome.h"
#include "support.h"

enum { MOST = 64 };

/* What a test's job does: runs until it may end. Its number is its job's inode. */
static struct {
    struct gate gate;
    atomic_bool may_end[MOST];
    atomic_bool runs[MOST];
    atomic_int ended;
    atomic_int refused_with[MOST];
    fuse_interrupt_func_t on_interrupt[MOST];
    void *argument[MOST];
    pthread_t threads[MOST];
} trial;

static unsigned number_of(fuse_req_t request)
{
    return (unsigned)((uintptr_t)request / 16);
}

void __wrap_fuse_req_interrupt_func(fuse_req_t request, fuse_interrupt_func_t function,
                                    void *argument);

void __wrap_fuse_req_interrupt_func(fuse_req_t request, fuse_interrupt_func_t function,
                                    void *argument)
{
    trial.on_interrupt[number_of(request)] = function;
    trial.argument[number_of(request)] = argument;
}

static void run(struct job *job)
{
    unsigned number = number_of(job->request);
    atomic_store(&trial.runs[number], true);
    while (!atomic_load(&trial.may_end[number]))
        sleep_ms(1);
    atomic_fetch_add(&trial.ended, 1);
}

static void refuse(const struct job *job, int error)
{
    atomic_store(&trial.refused_with[number_of(job->request)], error);
}

static struct job job_of(unsigned number, uint64_t device)
{
    return (struct job){.run = run,
                        .refuse = refuse,
                        .request = (fuse_req_t)(uintptr_t)(number * 16),
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
    const struct job job = job_of(start->number, start->device);
    gate_run(&trial.gate, &job);
    return NULL;
}

/* Brings a job with a thread of its own, and waits until it runs or stands in line. */
static void bring(unsigned number, uint64_t device)
{
    struct gate_load before = gate_load(&trial.gate);
    struct gate_load now;

    starts[number] = (struct start){number, device};
    assert_int_equal(pthread_create(&trial.threads[number], NULL, start_in_thread, &starts[number]),
                     0);
    do {
        sleep_ms(1);
        now = gate_load(&trial.gate);
    } while (now.running + now.queued == before.running + before.queued ||
             (now.running > before.running && !atomic_load(&trial.runs[number])));
}

static void let_all_end(unsigned count)
{
    for (unsigned i = 1; i <= count; i++)
        atomic_store(&trial.may_end[i], true);
    for (unsigned i = 1; i <= count; i++)
        (void)pthread_join(trial.threads[i], NULL);
    assert_int_equal(gate_load(&trial.gate).running, 0);
    assert_int_equal(gate_load(&trial.gate).queued, 0);
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
    gate_destroy(&trial.gate);
    return 0;
}

/* However many jobs of silent devices there are, one more device finds a place. */
static void test_each_device_leaves_room(void **state)
{
    static const unsigned expected[] = {4, 2, 1, 1}; /* of 8: half of what the others leave */
    unsigned number = 0;

    (void)state;
    gate_init(&trial.gate, 8);
    for (uint64_t device = 1; device <= LENGTH_OF(expected); device++) {
        unsigned running = gate_load(&trial.gate).running;
        for (int i = 0; i < 6; i++)
            bring(++number, device);
        assert_int_equal(gate_load(&trial.gate).running - running, expected[device - 1]);
    }
    let_all_end(number);
    assert_int_equal(atomic_load(&trial.ended), number);
}

static void test_the_smallest_gates(void **state)
{
    (void)state;
    gate_init(&trial.gate, 2);
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
    gate_init(&trial.gate, 3);
    for (unsigned i = 1; i <= 4; i++)
        bring(i, 0);
    assert_int_equal(gate_load(&trial.gate).running, 3);
    let_all_end(4);
}

/* A killed reader that stands in line is answered at once, and the line goes on without it. */
static void test_interrupted_in_line(void **state)
{
    (void)state;
    gate_init(&trial.gate, 2);
    for (unsigned i = 1; i <= 3; i++)
        bring(i, 1);
    assert_int_equal(gate_load(&trial.gate).queued, 2);
    trial.on_interrupt[2]((fuse_req_t)(uintptr_t)(2 * 16), trial.argument[2]);
    assert_int_equal(atomic_load(&trial.refused_with[2]), -CANCELLED);
    assert_int_equal(gate_load(&trial.gate).queued, 1);
    let_all_end(3);
    assert_false(atomic_load(&trial.runs[2]));
    assert_true(atomic_load(&trial.runs[3]));
}

/* A job that finds out that it needs another device goes to the end of that one's line. */
static void run_and_move(struct job *job)
{
    if (job->device == 1) {
        job->device = 2;
        gate_queue(&trial.gate, job, job->device);
        return;
    }
    run(job);
}

static void test_to_another_device(void **state)
{
    struct job job = job_of(3, 1);

    (void)state;
    gate_init(&trial.gate, 4);
    bring(1, 2);
    bring(2, 2); /* has its share */
    job.run = run_and_move;
    gate_run(&trial.gate, &job);
    assert_false(atomic_load(&trial.runs[3]));
    assert_int_equal(gate_load(&trial.gate).running, 2);
    assert_int_equal(gate_load(&trial.gate).queued, 1);
    atomic_store(&trial.may_end[3], true);
    let_all_end(2);
    assert_true(atomic_load(&trial.runs[3]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_device_leaves_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_smallest_gates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupted_in_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_to_another_device, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
