/* SPDX-License-Identifier: MIT */
/*
 * prefetch, for one reader: what is copied ahead, and when; no read gets bytes of another place or
 * another time, and no buffer is lost.
 *
 * This program is linked with --wrap=clock_gettime (tests/unit/fake_clock.h).
 */
#include "tests/unit/support.h"

#include <errno.h>

#include "tests/unit/prefetch_fixture.h"

/* --- one reader ------------------------------------------------------------------------------- */

static void test_two_stretches_ahead(void **state)
{
    struct file *file = *state;

    assert_false(read_at(file, 0, STEP));
    assert_int_equal(file->calls, 0); /* it may want no more */
    assert_false(read_at(file, STEP, STEP));
    assert_int_equal(file->calls, PREFETCH_STRETCHES);
    for (uint64_t i = 2; i < 8; i++) {
        assert_true(read_at(file, i * STEP, STEP));
        assert_int_equal(file->calls, PREFETCH_STRETCHES + i - 1);
    }
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(file->offsets[i], (i + 2) * STEP);
}

/* Not for reads that are small, or go anywhere. */
static void test_for_large_reads_in_order(void **state)
{
    struct file *file = *state;

    for (uint64_t i = 0; i < 10; i++)
        assert_false(read_at(file, i * (STEP - 1), STEP - 1));
    for (uint64_t i = 10; i > 0; i--)
        assert_false(read_at(file, i * STEP, STEP));
    assert_int_equal(file->calls, 0);
    assert_int_equal(count_taken(), 0);
}

/* A reader that goes elsewhere needs what was copied no more. */
static void test_a_jump_gives_all_back(void **state)
{
    struct file *file = *state;

    read_two(file);
    assert_int_equal(count_taken(), PREFETCH_STRETCHES);
    assert_false(read_at(file, 50 * STEP, STEP));
    assert_int_equal(count_taken(), 0);
    assert_false(read_at(file, 51 * STEP, STEP));
    assert_int_equal(file->calls, PREFETCH_STRETCHES); /* only one has gone on */
    assert_false(read_at(file, 52 * STEP, STEP));
    assert_true(read_at(file, 53 * STEP, STEP));
}

/* A small read after large ones is begun, too: it is the rest of one, or gives all back. */
static void test_concerns(void **state)
{
    struct file *file = *state;

    assert_false(prefetch_concerns(&file->prefetch, STEP - 1));
    assert_true(prefetch_concerns(&file->prefetch, STEP));
    read_two(file);
    assert_true(prefetch_concerns(&file->prefetch, 1));
    assert_true(read_at(file, 2 * STEP, 4096));
    (void)read_at(file, 100 * STEP, 4096);
    assert_false(prefetch_concerns(&file->prefetch, 4096));
    assert_int_equal(count_taken(), 0);
}

/* Parts of a stretch are given; what reaches beyond it is not. */
static void test_parts(void **state)
{
    struct file *file = *state;

    read_two(file);
    assert_true(read_at(file, 2 * STEP, 1000));
    assert_false(read_at(file, 2 * STEP + 1000, STEP));
}

/* What the copy did not get is not given. */
static void test_the_end_of_the_piece(void **state)
{
    struct file *file = *state;

    file->size = 2 * STEP + 1000;
    read_two(file);
    assert_int_equal(file->calls, 2); /* the second one found the end */
    assert_int_equal(count_taken(), 1);
    struct prefetch_read read = begin(file, 2 * STEP, 1001);
    assert_null(read.bytes);
    prefetch_end(&file->prefetch, &read, NULL, NULL);
    assert_int_equal(count_taken(), 0);
}

static void test_a_copy_that_fails(void **state)
{
    struct file *file = *state;

    file->error = -EIO;
    read_two(file);
    assert_int_equal(file->calls, 1); /* and no more are tried */
    assert_int_equal(count_taken(), 0);
    assert_false(read_at(file, 2 * STEP, STEP));
    file->error = 0;
    assert_false(read_at(file, 3 * STEP, STEP));
    assert_true(read_at(file, 4 * STEP, STEP));
}

static void test_nothing_is_copied_without_a_copier(void **state)
{
    struct file *file = *state;

    for (uint64_t i = 0; i < 5; i++) {
        struct prefetch_read read = begin(file, i * STEP, STEP);
        assert_null(read.bytes);
        prefetch_end(&file->prefetch, &read, NULL, NULL);
    }
    assert_int_equal(count_taken(), 0);
}

/* --- time ------------------------------------------------------------------------------------- */

static void test_old_bytes_are_not_given(void **state)
{
    struct file *file = *state;

    read_two(file);
    fake_clock_move(FRESH_MS);
    assert_true(read_at(file, 2 * STEP, STEP));
    fake_clock_move(FRESH_MS + 1);
    assert_false(read_at(file, 3 * STEP, STEP));
    (void)read_at(file, 4 * STEP, STEP);
    assert_true(read_at(file, 5 * STEP, STEP)); /* copied since */
}

/* Each stretch tells how the file was before its copy, whatever it was before that of the other. */
static void test_each_stretch_has_its_version(void **state)
{
    struct file *file = *state;

    file->version = 7;
    read_two(file);
    file->version = 8;
    assert_true(read_at(file, 2 * STEP, STEP)); /* copies another one */
    for (uint64_t i = 3; i < 5; i++) {
        struct prefetch_read read = begin(file, i * STEP, STEP);
        assert_true(has_right_bytes(file, &read, i * STEP, STEP));
        assert_int_equal(read.then.inode, i == 3 ? 7 : 8);
        prefetch_end(&file->prefetch, &read, NULL, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_stretches_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(test_for_large_reads_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_jump_gives_all_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_concerns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_end_of_the_piece, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_copy_that_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_copied_without_a_copier, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_bytes_are_not_given, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_stretch_has_its_version, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
