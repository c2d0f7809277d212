/* SPDX-License-Identifier: MIT */
/*
 * record_ends: no byte is scanned for two searches, and what is known ends with the content.
 */
#include "tests/unit/record_layout.h"

#include <errno.h>
#include <pthread.h>

#include "core/base/outcome.h"

/* The picture in record_ends.h: a closed gap, an open one, and where searches begin. */
static void test_gaps(void **state)
{
    struct layout layout;
    struct scan_claim claim;
    uint64_t found = 0;
    (void)state;

    layout_make(&layout, 21);
    layout.ends[3] = layout.ends[19] = true; /* abc\n efghijklmnopqrs\n u */
    assert_int_equal(record_ends_next(&layout.known, 1, 21, 4, NULL, &claim, &found), SCAN_STEP);
    record_ends_settle(&layout.known, &claim, 3, true);
    assert_int_equal(record_ends_next(&layout.known, 6, 21, 9, NULL, &claim, &found), SCAN_STEP);
    record_ends_settle(&layout.known, &claim, 15, false);

    check_known(&layout, 2, 21);
    check_known(&layout, 3, 21);
    assert_int_equal(record_ends_next(&layout.known, 9, 21, 9, NULL, &claim, &found), SCAN_STEP);
    assert_int_equal(claim.start, 15);
    assert_int_equal(claim.end, 21);
    record_ends_settle(&layout.known, &claim, 19, true);
    check_known(&layout, 6, 21);

    /* Before what is known a claim ends where knowledge begins. */
    assert_int_equal(record_ends_next(&layout.known, 4, 21, 9, NULL, &claim, &found), SCAN_STEP);
    assert_int_equal(claim.end, 6);
    record_ends_settle(&layout.known, &claim, 6, false);
    check_known(&layout, 4, 21);
    layout_free(&layout);
}

/* A claim ends where another thread's begins; in whatever order they end, one gap comes of them. */
static void check_two_claims(bool ahead_first)
{
    struct layout layout;
    struct scan_claim ahead;
    struct scan_claim behind;
    uint64_t found = 0;

    layout_make(&layout, 100);
    assert_int_equal(record_ends_next(&layout.known, 50, 100, 10, NULL, &ahead, &found), SCAN_STEP);
    assert_int_equal(record_ends_next(&layout.known, 20, 100, 90, NULL, &behind, &found),
                     SCAN_STEP);
    assert_int_equal(behind.end, 50);
    if (ahead_first)
        record_ends_settle(&layout.known, &ahead, 60, false);
    record_ends_settle(&layout.known, &behind, 50, false);
    if (!ahead_first)
        record_ends_settle(&layout.known, &ahead, 60, false);
    assert_int_equal(layout.known.gaps.count, 1);
    layout_free(&layout);
}

static void test_claims_do_not_overlap(void **state)
{
    (void)state;
    check_two_claims(false);
    check_two_claims(true);
}

/* A file that ends without a record end, and one of no bytes. */
static void test_none(void **state)
{
    struct layout layout;
    struct scan_claim claim;
    uint64_t found = 0;
    (void)state;

    layout_make(&layout, 10);
    assert_int_equal(record_ends_next(&layout.known, 0, 0, 5, NULL, &claim, &found), SCAN_NONE);
    assert_int_equal(record_ends_next(&layout.known, 10, 10, 5, NULL, &claim, &found), SCAN_NONE);
    assert_int_equal(record_ends_next(&layout.known, 4, 10, 50, NULL, &claim, &found), SCAN_STEP);
    assert_int_equal(claim.end, 10);
    record_ends_settle(&layout.known, &claim, 10, false);
    check_known(&layout, 4, 10);
    layout_free(&layout);
}

static bool cancelled_after(void *argument)
{
    atomic_int *asks_left = argument;
    return atomic_fetch_sub(asks_left, 1) <= 0;
}

static void test_cancelled(void **state)
{
    struct layout layout;
    struct scan_claim claim;
    uint64_t found = 0;
    atomic_int asks_left = 0;
    const struct cancel cancel = {cancelled_after, &asks_left, 0};
    (void)state;

    layout_make(&layout, 10);
    assert_int_equal(record_ends_next(&layout.known, 0, 10, 5, &cancel, &claim, &found),
                     -CANCELLED);
    layout_free(&layout); /* which asserts that no claim is left */
}

/* One thread that waits for the claim of another. */
struct waiter {
    struct layout *layout;
    struct cancel cancel;
    atomic_int asks_left;
    atomic_uint asked;
    atomic_bool settled; /* set before the claim ends */
    int next;
    uint64_t found;
    uint64_t claimed_from;
};

static bool count_asks(void *argument)
{
    struct waiter *waiter = argument;
    atomic_fetch_add(&waiter->asked, 1);
    return atomic_fetch_sub(&waiter->asks_left, 1) <= 0;
}

static void *wait_for_claim(void *argument)
{
    struct waiter *waiter = argument;
    struct record_ends *ends = &waiter->layout->known;
    struct scan_claim claim;

    waiter->next = record_ends_next(ends, 12, 100, 10, &waiter->cancel, &claim, &waiter->found);
    if (waiter->next != -CANCELLED)
        THREAD_CHECK(atomic_load(&waiter->settled));
    if (waiter->next == SCAN_STEP) {
        waiter->claimed_from = claim.start;
        record_ends_settle(ends, &claim, claim.start, false);
    }
    return NULL;
}

/* Claims [10, 20), lets a thread ask for 12, settles once it waits (unless it gives up). */
static void contend(struct waiter *waiter, uint64_t scanned_to, bool ends_record)
{
    struct layout layout;
    struct scan_claim claim;
    uint64_t found = 0;
    pthread_t thread;

    layout_make(&layout, 100);
    waiter->layout = &layout;
    waiter->cancel = (struct cancel){count_asks, waiter, 0};
    assert_int_equal(record_ends_next(&layout.known, 10, 100, 10, NULL, &claim, &found), SCAN_STEP);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_claim, waiter), 0);
    while (atomic_load(&waiter->asked) == 0)
        sleep_ms(1);
    if (atomic_load(&waiter->asks_left) < 100) /* it gives up by itself, while the claim stands */
        (void)pthread_join(thread, NULL);
    atomic_store(&waiter->settled, true);
    record_ends_settle(&layout.known, &claim, scanned_to, ends_record);
    if (atomic_load(&waiter->asks_left) >= 100)
        (void)pthread_join(thread, NULL);
    layout_free(&layout);
    assert_threads_passed();
}

/*
 * A waiting thread gets the other's answer, goes on where that ended, or takes over where it gave
 * up.
 */
static void test_waits_for_claim(void **state)
{
    struct waiter answered = {.asks_left = 1000000};
    struct waiter goes_on = {.asks_left = 1000000};
    struct waiter takes_over = {.asks_left = 1000000};
    (void)state;

    contend(&answered, 17, true);
    assert_int_equal(answered.next, SCAN_FOUND);
    assert_int_equal(answered.found, 17);
    contend(&goes_on, 20, false);
    assert_int_equal(goes_on.next, SCAN_STEP);
    assert_int_equal(goes_on.claimed_from, 20);
    contend(&takes_over, 10, false);
    assert_int_equal(takes_over.next, SCAN_STEP);
    assert_int_equal(takes_over.claimed_from, 12);
}

/* A thread that is cancelled while it waits stops waiting, though the claim stands. */
static void test_cancelled_while_waiting(void **state)
{
    struct waiter waiter = {.asks_left = 2};
    (void)state;
    contend(&waiter, 20, false);
    assert_int_equal(waiter.next, -CANCELLED);
}

static void search_at_random(void *argument, unsigned index)
{
    struct layout *layout = argument;
    struct random random = random_case(1000000 + index);

    for (int i = 0; i < 200; i++) {
        atomic_int asks_left = random_chance(&random, 20) ? (int)random_below(&random, 8) : INT_MAX;
        const struct cancel cancel = {cancelled_after, &asks_left, 0};
        uint64_t place = random_between(&random, 0, layout->size);
        int error = 0;
        uint64_t found = search(layout, place, layout->size, 2000, &cancel, &random, &error);

        if (error != 0)
            THREAD_CHECK(error == -CANCELLED && atomic_load(&asks_left) < 0);
        else
            THREAD_CHECK(found == model_find(layout, place, layout->size));
    }
}

/* Threads that ask for the same bytes, some of them cancelled, scan each byte once in all. */
static void test_threads(void **state)
{
    const uint64_t one_in[] = {50, 5000, 100000};
    (void)state;

    for (uint64_t i = 0; i < 3 * LENGTH_OF(one_in); i++) {
        struct random random = random_case(2000000 + i);
        struct layout layout;
        layout_make(&layout, 100000);
        for (uint64_t at = 0; at < layout.size; at++)
            layout.ends[at] = random_below(&random, one_in[i % LENGTH_OF(one_in)]) == 0;
        run_threads(6, search_at_random, &layout);
        check_known_gaps(&layout);
        layout_free(&layout);
    }
}

/* Learns the gap from 10 to the record end at 20, and where the first three records end. */
static void teach_all(struct record_ends *ends)
{
    const struct record_prefix prefix = {
        .era = record_ends_era(ends), .count = 3, .size = 100, .boundary = 40};
    teach(ends, 10, 10, true);
    record_ends_remember_prefix(ends, &prefix);
}

/* Whether it knows what it learnt. All of it, or nothing. */
static bool knows_all(struct record_ends *ends)
{
    struct record_prefix prefix;
    bool known = false;
    bool recalled = record_ends_recall_prefix(ends, 3, 100, &prefix);

    (void)first_unknown(ends, 12, &known);
    assert_int_equal(known, recalled);
    return known;
}

/*
 * What a change of the content means: if the file grew all is to be verified, and if bytes before
 * its old end may be others all is forgotten, and the era moves.
 */
static void test_changes(void **state)
{
    const struct {
        enum content_change change;
        bool grown;
        bool kept;
    } cases[] = {
        {CONTENT_GREW, true, true},
        {CONTENT_FILLED, true, false},
        {CONTENT_MOVED, false, false},
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct record_ends ends = {0};
        record_ends_note.init(&ends);
        teach_all(&ends);
        const uint64_t era = record_ends_era(&ends);
        assert_false(record_ends_have_grown(&ends));
        assert_true(knows_all(&ends));
        record_ends_note.changed(&ends, cases[i].change);
        assert_int_equal(record_ends_have_grown(&ends), cases[i].grown);
        assert_int_equal(knows_all(&ends), cases[i].kept);
        assert_int_equal(record_ends_era(&ends) == era, cases[i].kept);
        if (!cases[i].kept)
            teach_all(&ends);
        assert_true(knows_all(&ends));
        record_ends_note.changed(&ends, CONTENT_MOVED);
        assert_int_equal(record_ends_have_grown(&ends), cases[i].grown); /* it never shrinks */
        record_ends_note.destroy(&ends);
    }
}

/* What a step brings that was under way when all was forgotten is of what the file was. */
static void test_forgotten_during_a_step(void **state)
{
    struct record_ends ends = {0};
    struct scan_claim claim;
    uint64_t found = 0;
    bool known = false;
    (void)state;

    record_ends_note.init(&ends);
    teach(&ends, 0, 9, true);
    assert_int_equal(record_ends_next(&ends, 10, 100, 10, NULL, &claim, &found), SCAN_STEP);
    record_ends_forget(&ends);
    record_ends_settle(&ends, &claim, 15, true);
    assert_int_equal(first_unknown(&ends, 10, &known), 10);
    assert_int_equal(first_unknown(&ends, 5, &known), 5);
    assert_false(known);
    record_ends_note.destroy(&ends);
}

static void remember_prefix(struct record_ends *ends, uint64_t count, uint64_t size,
                            uint64_t boundary)
{
    const struct record_prefix prefix = {record_ends_era(ends), count, size, boundary};
    record_ends_remember_prefix(ends, &prefix);
}

/* A prefix holds for so many records, in files at least so long, if it ended before the file. */
static void test_prefix(void **state)
{
    struct record_ends ends = {0};
    struct record_prefix prefix;
    (void)state;

    record_ends_note.init(&ends);
    assert_false(record_ends_recall_prefix(&ends, 2, 100, &prefix));
    remember_prefix(&ends, 2, 100, 40);
    assert_true(record_ends_recall_prefix(&ends, 2, 100, &prefix));
    assert_int_equal(prefix.boundary, 40);
    assert_true(record_ends_recall_prefix(&ends, 2, 150, &prefix)); /* it has grown since */
    assert_true(record_ends_recall_prefix(&ends, 2, 40, &prefix));  /* a reader of its first part */
    assert_false(record_ends_recall_prefix(&ends, 2, 39, &prefix));
    assert_false(record_ends_recall_prefix(&ends, 1, 100, &prefix));
    assert_false(record_ends_recall_prefix(&ends, 3, 100, &prefix));
    remember_prefix(&ends, 5, 100, 100); /* the whole file, which may have fewer records */
    assert_true(record_ends_recall_prefix(&ends, 5, 100, &prefix));
    assert_false(record_ends_recall_prefix(&ends, 5, 101, &prefix));
    assert_false(
        record_ends_recall_prefix(&ends, 2, 100, &prefix)); /* the last one alone is kept */
    record_ends_forget(&ends);
    assert_false(record_ends_recall_prefix(&ends, 5, 100, &prefix));
    record_ends_note.destroy(&ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_claims_do_not_overlap),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_waits_for_claim),
        cmocka_unit_test(test_cancelled_while_waiting),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_forgotten_during_a_step),
        cmocka_unit_test(test_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
