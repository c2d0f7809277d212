/* SPDX-License-Identifier: MIT */
/* belief: how long a name is believed, and what an open may take. The clock is the test's. */
#include "tests/unit/support.h"

#include <string.h>
#include <time.h>

#include "fs/tree/belief.h"
#include "fs/tree/node_type.h"

enum { NOW = 1800000000 };

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){.tv_sec = NOW};
    return 0;
}

static bool is_growing(struct driver *driver, const struct node *node)
{
    (void)driver;
    return node->content.piece.depends_on_growth;
}

static const struct node_type piece_like = {.is_growing = is_growing};
static const struct node_type folder_like = {.number = 1};
static const struct node_type report_like = {.is_new_each_time = true};

/* A node like that of a file's last piece. */
static struct node last_piece(void)
{
    return (struct node){.type = &piece_like, .content.piece.depends_on_growth = true};
}

/* Attributes of a file that changed so many seconds ago. */
static struct stat changed(time_t seconds)
{
    return (struct stat){.st_ctim.tv_sec = NOW - seconds};
}

/* A file at rest is believed, and its opens may not take what it was before it grew. */
static void test_at_rest(void **state)
{
    struct node node = last_piece();
    const struct stat old = changed(3);
    (void)state;

    assert_true(belief_in_name(NULL, &node, &old) == BELIEVED_SECONDS);
    assert_false(belief_accepts_growth(&node));
}

static void test_growing(void **state)
{
    struct node node = last_piece();
    const struct stat fresh = changed(2);
    (void)state;

    assert_true(belief_in_name(NULL, &node, &fresh) == 0);
    assert_true(belief_accepts_growth(&node));
}

/* The kernel may still believe what it was told before: nobody knows when it took the reply. */
static void test_once_believed(void **state)
{
    struct node node = last_piece();
    const struct stat old = changed(10);
    const struct stat fresh = changed(0);
    (void)state;

    assert_true(belief_in_name(NULL, &node, &old) == BELIEVED_SECONDS);
    assert_true(belief_in_name(NULL, &node, &fresh) == 0);
    assert_false(belief_accepts_growth(&node));
}

/* A piece in the middle stays what it is. Its listing is believed while the file grows. */
static void test_pieces_in_the_middle(void **state)
{
    struct node node = {.type = &piece_like};
    const struct stat fresh = changed(0);
    (void)state;

    assert_true(belief_in_name(NULL, &node, &fresh) == BELIEVED_SECONDS);
}

/* A directory means the same while it changes; a report is another each time. */
static void test_other_types(void **state)
{
    struct node folder = {.type = &folder_like};
    struct node report = {.type = &report_like};
    const struct stat fresh = changed(0);
    (void)state;

    assert_true(belief_in_name(NULL, &folder, &fresh) == BELIEVED_SECONDS);
    assert_true(belief_in_name(NULL, &report, &fresh) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_rest),       cmocka_unit_test(test_growing),
        cmocka_unit_test(test_once_believed), cmocka_unit_test(test_pieces_in_the_middle),
        cmocka_unit_test(test_other_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
