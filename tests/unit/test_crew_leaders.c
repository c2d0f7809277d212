/* SPDX-License-Identifier: MIT */
/*
 * crew_leaders: few wait for requests, at least one always does, and not all of them venture what
 * may block.
 */
#include "tests/unit/support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "fs/serve/crew_leaders.h"

struct crowd {
    struct crew_leaders leaders;
    atomic_uint inside;
    atomic_uint errands;
};

static void count_errand(void *argument)
{
    struct crowd *crowd = argument;
    atomic_fetch_add(&crowd->errands, 1);
}

static int setup(void **state)
{
    static struct crowd crowd;
    crew_leaders_init(&crowd.leaders, count_errand, &crowd);
    atomic_init(&crowd.inside, 0);
    atomic_init(&crowd.errands, 0);
    *state = &crowd;
    return 0;
}

static int teardown(void **state)
{
    struct crowd *crowd = *state;
    crew_leaders_destroy(&crowd->leaders);
    return 0;
}

static void fill(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->leaders.most; i++)
        assert_true(crew_leaders_enter(&crowd->leaders));
}

static void *stand_by(void *argument)
{
    struct crowd *crowd = argument;
    if (crew_leaders_enter(&crowd->leaders))
        atomic_fetch_add(&crowd->inside, 1);
    return NULL;
}

/* All places are taken, and one more stands by. */
static pthread_t fill_with_one_standing_by(struct crowd *crowd)
{
    pthread_t thread;

    fill(crowd);
    assert_int_equal(pthread_create(&thread, NULL, stand_by, crowd), 0);
    (void)usleep(50 * 1000); /* until it does */
    return thread;
}

static bool comes_in(struct crowd *crowd)
{
    for (int tries = 0; tries < 5000 && atomic_load(&crowd->inside) == 0; tries++)
        (void)usleep(1000);
    return atomic_load(&crowd->inside) == 1;
}

static void test_one_for_each_processor_and_one_more(void **state)
{
    struct crowd *crowd = *state;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    assert_int_equal(crowd->leaders.most,
                     processors < MOST_LEADERS ? processors + 1 : MOST_LEADERS);
}

static void test_the_last_one_calls(void **state)
{
    struct crowd *crowd = *state;
    pthread_t thread = fill_with_one_standing_by(crowd);

    for (unsigned i = 1; i < crowd->leaders.most; i++)
        crew_leaders_step_down(&crowd->leaders);
    crew_leaders_step_down(&crowd->leaders);
    assert_true(comes_in(crowd));
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* They may have blocked, all of them. */
static void test_who_leaves_only_the_venturing_behind_calls(void **state)
{
    struct crowd *crowd = *state;
    pthread_t thread = fill_with_one_standing_by(crowd);

    for (unsigned i = 1; i < crowd->leaders.most; i++)
        assert_true(crew_leaders_venture(&crowd->leaders));
    crew_leaders_step_down(&crowd->leaders);
    assert_true(comes_in(crowd));
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* More have come back than are needed, but all others may have blocked. */
static void test_the_last_one_does_not_stand_by(void **state)
{
    struct crowd *crowd = *state;
    unsigned most = crowd->leaders.most;

    fill(crowd);
    crew_leaders_return(&crowd->leaders);
    for (unsigned i = 0; i < most; i++)
        assert_true(crew_leaders_venture(&crowd->leaders));
    assert_true(crew_leaders_go_on(&crowd->leaders)); /* it would not return */
    assert_int_equal(crowd->leaders.count, most + 1);
}

static void test_who_returns_makes_the_call_void(void **state)
{
    struct crowd *crowd = *state;

    fill(crowd);
    for (unsigned i = 0; i < crowd->leaders.most; i++)
        crew_leaders_step_down(&crowd->leaders); /* nobody stands by */
    for (unsigned i = 0; i < crowd->leaders.most; i++)
        crew_leaders_return(&crowd->leaders);
    assert_true(crew_leaders_go_on(&crowd->leaders));
}

static void test_end(void **state)
{
    struct crowd *crowd = *state;
    pthread_t thread;

    fill(crowd);
    assert_int_equal(pthread_create(&thread, NULL, stand_by, crowd), 0);
    crew_leaders_end(&crowd->leaders);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&crowd->inside), 0);
    assert_false(crew_leaders_go_on(&crowd->leaders));
    assert_false(crew_leaders_enter(&crowd->leaders));
}

static bool errands_are_run(struct crowd *crowd, unsigned count)
{
    for (int tries = 0; tries < 5000 && atomic_load(&crowd->errands) < count; tries++)
        (void)usleep(1000);
    return atomic_load(&crowd->errands) == count;
}

/* By who stands by, as often as it was sent, and it stands by again. */
static void test_errands(void **state)
{
    struct crowd *crowd = *state;
    pthread_t thread = fill_with_one_standing_by(crowd);

    for (unsigned i = 0; i < 3; i++)
        crew_leaders_send(&crowd->leaders);
    assert_true(errands_are_run(crowd, 3));
    assert_int_equal(atomic_load(&crowd->inside), 0);
    crew_leaders_end(&crowd->leaders);
    crew_leaders_send(&crowd->leaders);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&crowd->errands), 3);
}

/* Nobody stood by when it was sent. */
static void test_an_errand_for_the_next(void **state)
{
    struct crowd *crowd = *state;
    pthread_t thread;

    fill(crowd);
    crew_leaders_send(&crowd->leaders);
    assert_int_equal(pthread_create(&thread, NULL, stand_by, crowd), 0);
    assert_true(errands_are_run(crowd, 1));
    crew_leaders_end(&crowd->leaders);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* There is a place to receive, too; but somebody does, and the errand would wait for the next. */
static void test_an_errand_before_a_free_place(void **state)
{
    struct crowd *crowd = *state;
    pthread_t thread = fill_with_one_standing_by(crowd);

    crew_leaders_step_down(&crowd->leaders);
    crew_leaders_send(&crowd->leaders);
    assert_true(errands_are_run(crowd, 1));
    assert_true(comes_in(crowd));
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* To receive comes first: others may wait for that. */
static void test_a_call_before_an_errand(void **state)
{
    struct crowd *crowd = *state;
    pthread_t thread;

    fill(crowd);
    crew_leaders_send(&crowd->leaders);
    for (unsigned i = 0; i < crowd->leaders.most; i++)
        crew_leaders_step_down(&crowd->leaders);
    assert_int_equal(pthread_create(&thread, NULL, stand_by, crowd), 0);
    assert_true(comes_in(crowd));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&crowd->errands), 0);
}

static void test_not_all_venture(void **state)
{
    struct crowd *crowd = *state;
    unsigned most = crowd->leaders.most;

    fill(crowd);
    for (unsigned i = 1; i < most; i++)
        assert_true(crew_leaders_venture(&crowd->leaders));
    assert_false(crew_leaders_venture(&crowd->leaders));
    crew_leaders_ventured(&crowd->leaders);
    assert_true(crew_leaders_venture(&crowd->leaders));
}

/* The fewer have not left, the fewer may venture; one alone may not. */
static void test_nobody_ventures_alone(void **state)
{
    struct crowd *crowd = *state;

    fill(crowd);
    assert_true(crew_leaders_venture(&crowd->leaders));
    for (unsigned i = 2; i < crowd->leaders.most; i++)
        crew_leaders_step_down(&crowd->leaders);
    assert_false(crew_leaders_venture(&crowd->leaders));
    crew_leaders_ventured(&crowd->leaders);
    crew_leaders_step_down(&crowd->leaders);
    assert_false(crew_leaders_venture(&crowd->leaders));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_for_each_processor_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_last_one_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_leaves_only_the_venturing_behind_calls, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_last_one_does_not_stand_by, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_returns_makes_the_call_void, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errands, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_errand_for_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_errand_before_a_free_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_call_before_an_errand, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_all_venture, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_ventures_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
