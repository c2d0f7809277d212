/* SPDX-License-Identifier: MIT */
/* belief: how long a name is believed, and what an open may take. The clocks are the test's. */
#include "tests/unit/support.h"

#include <string.h>
#include <time.h>

#include "fs/tree/belief.h"
#include "fs/tree/node_type.h"

static int64_t monotonic_ms; /* since some time after 0, as on a machine that has run for a while */
static time_t real_s;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock == CLOCK_REALTIME)
        *now = (struct timespec){.tv_sec = real_s};
    else
        *now = (struct timespec){monotonic_ms / 1000, monotonic_ms % 1000 * 1000000};
    return 0;
}

static const struct node_type piece_like = {.is_outdated_by_growth = true};
static const struct node_type folder_like = {.number = 1};
static const struct node_type report_like = {.is_new_each_time = true};

static int setup(void **state)
{
    (void)state;
    monotonic_ms = 1000000;
    real_s = 1800000000;
    return 0;
}

/* Attributes of a file that changed so many seconds ago. */
static struct stat changed(time_t seconds)
{
    return (struct stat){.st_ctim.tv_sec = real_s - seconds};
}

/* A file at rest is believed, and its opens may not take what it was before it grew. */
static void test_at_rest(void **state)
{
    struct node node = {.type = &piece_like};
    const struct stat old = changed(10);
    (void)state;

    assert_true(belief_in_name(&node, &old) == BELIEVED_SECONDS);
    assert_false(belief_accepts_growth(&node));
    monotonic_ms += BELIEVED_SECONDS * 1000;
    assert_false(belief_accepts_growth(&node)); /* the kernel counts in ticks */
    monotonic_ms += 500;
    assert_true(belief_accepts_growth(&node)); /* it comes after a look-up of its own */
}

static void test_growing(void **state)
{
    struct node node = {.type = &piece_like};
    const struct stat fresh = changed(1);
    (void)state;

    assert_true(belief_in_name(&node, &fresh) == 0);
    assert_true(belief_accepts_growth(&node));
    monotonic_ms += 3600 * 1000L; /* however long the open stood in line */
    assert_true(belief_accepts_growth(&node));
}

/* What a listing brought is believed, so an open of it must find the file as it is. */
static void test_listed(void **state)
{
    struct node node = {.type = &piece_like};
    const struct stat fresh = changed(1);
    (void)state;

    assert_true(belief_in_listed_name(&node) == BELIEVED_SECONDS);
    assert_false(belief_accepts_growth(&node));
    assert_true(belief_in_name(&node, &fresh) == 0); /* the look-up after ESTALE */
    assert_true(belief_accepts_growth(&node));
}

/* A listing does not come between a look-up and the open that follows it. */
static void test_listed_before_the_open(void **state)
{
    struct node node = {.type = &piece_like};
    const struct stat fresh = changed(1);
    (void)state;

    assert_true(belief_in_name(&node, &fresh) == 0);
    monotonic_ms += 50;
    assert_true(belief_in_listed_name(&node) == 0);
    assert_true(belief_accepts_growth(&node));
    monotonic_ms += 1000;
    assert_true(belief_in_listed_name(&node) == BELIEVED_SECONDS);
    assert_false(belief_accepts_growth(&node));
}

/* A directory means the same while it changes; a report is another each time. */
static void test_other_types(void **state)
{
    struct node folder = {.type = &folder_like};
    struct node report = {.type = &report_like};
    const struct stat fresh = changed(0);
    (void)state;

    assert_true(belief_in_name(&folder, &fresh) == BELIEVED_SECONDS);
    assert_true(belief_in_name(&report, &fresh) == 0);
    assert_true(belief_in_listed_name(&report) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_at_rest, setup),
        cmocka_unit_test_setup(test_growing, setup),
        cmocka_unit_test_setup(test_listed, setup),
        cmocka_unit_test_setup(test_listed_before_the_open, setup),
        cmocka_unit_test_setup(test_other_types, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
