/* SPDX-License-Identifier: MIT */
/* troubles: the last few, one of each kind for each file, the oldest first. */
#include "tests/unit/support.h"

#include <stdio.h>
#include <string.h>

#include "fs/tree/troubles.h"

/* What was told, as one text. */
struct told {
    char text[4000];
    unsigned count;
};

static void add_to_text(void *argument, const struct trouble *trouble)
{
    struct told *told = argument;
    const size_t length = strlen(told->text);
    (void)snprintf(told->text + length, sizeof(told->text) - length, "%s %s %s|", trouble->kind,
                   trouble->path, trouble->text);
    told->count++;
}

static struct told tell(struct troubles *troubles)
{
    struct told told = {.count = 0};
    troubles_tell(troubles, add_to_text, &told);
    return told;
}

static void check_told(struct troubles *troubles, const char *expected)
{
    const struct told told = tell(troubles);
    assert_string_equal(told.text, expected);
}

static void test_each_is_told(void **state)
{
    struct troubles troubles;
    char path[] = "a";

    (void)state;
    troubles_init(&troubles);
    check_told(&troubles, "");
    troubles_add(&troubles, "x", path, "1");
    path[0] = '?'; /* it was copied */
    troubles_add(&troubles, "x", "b", "2");
    troubles_add(&troubles, "y", "a", "3");
    check_told(&troubles, "x a 1|x b 2|y a 3|");
    check_told(&troubles, "x a 1|x b 2|y a 3|");
    troubles_destroy(&troubles);
}

/* Of one kind and path there is one, in the place of the one before. */
static void test_the_last_of_its_kind(void **state)
{
    struct troubles troubles;
    char kind[] = "x"; /* kinds are compared by what they say */

    (void)state;
    troubles_init(&troubles);
    troubles_add(&troubles, "x", "a", "1");
    troubles_add(&troubles, "y", "a", "2");
    for (unsigned i = 0; i < 3 * TROUBLES_REMEMBERED; i++)
        troubles_add(&troubles, kind, "a", "3");
    check_told(&troubles, "x a 3|y a 2|");
    troubles_destroy(&troubles);
}

static void note_times(void *argument, const struct trouble *trouble)
{
    uint64_t *times = argument;
    assert_true(trouble->when > 0 && trouble->when <= time(NULL));
    *times = *times * 10 + trouble->times;
}

/* How often it was seen, and when last. */
static void test_times(void **state)
{
    struct troubles troubles;
    uint64_t times = 0;

    (void)state;
    troubles_init(&troubles);
    troubles_add(&troubles, "x", "a", "1");
    troubles_add(&troubles, "y", "a", "2");
    troubles_add(&troubles, "y", "a", "3");
    troubles_add(&troubles, "y", "a", "3");
    troubles_add(&troubles, "y", "b", "3");
    troubles_tell(&troubles, note_times, &times);
    assert_int_equal(times, 131);
    troubles_destroy(&troubles);
}

/* If the content of a file is over, so is what was wrong with it. */
static void test_forgotten(void **state)
{
    struct troubles troubles;

    (void)state;
    troubles_init(&troubles);
    troubles_add(&troubles, "x", "a", "1");
    troubles_add(&troubles, "stale", "a", "2");
    troubles_add(&troubles, "x", "a/b", "3");
    troubles_add(&troubles, "y", "a", "4");
    troubles_forget(&troubles, "a", "stale");
    check_told(&troubles, "stale a 2|x a/b 3|");
    troubles_add(&troubles, "x", "a", "5");
    check_told(&troubles, "stale a 2|x a/b 3|x a 5|");
    troubles_forget(&troubles, "a", NULL);
    troubles_forget(&troubles, "?", NULL);
    check_told(&troubles, "x a/b 3|");
    troubles_destroy(&troubles);
}

static void add_numbered(struct troubles *troubles, unsigned number)
{
    char path[16];
    (void)snprintf(path, sizeof(path), "%u", number);
    troubles_add(troubles, "x", path, "t");
}

/* If there are too many, the oldest go. */
static void test_too_many(void **state)
{
    struct troubles troubles;

    (void)state;
    troubles_init(&troubles);
    for (unsigned i = 0; i < 100; i++) {
        add_numbered(&troubles, i);
        const struct told told = tell(&troubles);
        const unsigned first = i + 1 < TROUBLES_REMEMBERED ? 0 : i + 1 - TROUBLES_REMEMBERED;
        char expected[32];
        (void)snprintf(expected, sizeof(expected), "x %u t|", first);
        assert_int_equal(told.count, i + 1 - first);
        assert_memory_equal(told.text, expected, strlen(expected));
        (void)snprintf(expected, sizeof(expected), "x %u t|", i);
        assert_string_equal(told.text + strlen(told.text) - strlen(expected), expected);
    }
    troubles_destroy(&troubles);
}

static void count_trouble(void *argument, const struct trouble *trouble)
{
    unsigned *count = argument;
    THREAD_CHECK(strcmp(trouble->kind, "x") == 0 && trouble->path[0] != '\0' &&
                 strcmp(trouble->text, "t") == 0);
    ++*count;
}

static void add_and_tell(void *argument, unsigned index)
{
    struct troubles *troubles = argument;
    for (unsigned i = 0; i < 300; i++) {
        unsigned count = 0;
        add_numbered(troubles, index * 10 + i % 10);
        troubles_tell(troubles, count_trouble, &count);
        THREAD_CHECK(count > 0 && count <= TROUBLES_REMEMBERED);
    }
}

static void test_many_threads(void **state)
{
    struct troubles troubles;

    (void)state;
    troubles_init(&troubles);
    run_threads(4, add_and_tell, &troubles);
    assert_int_equal(tell(&troubles).count, TROUBLES_REMEMBERED);
    troubles_destroy(&troubles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_told), cmocka_unit_test(test_the_last_of_its_kind),
        cmocka_unit_test(test_times),        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_too_many),     cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
