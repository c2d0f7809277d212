/* SPDX-License-Identifier: MIT */
/*
 * generation: each row of the table in generation_check.h, and that a generation that is over stays
 * over.
 *
 * A case makes a file and a generation of it (captured or not), changes the file and checks.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/generation/generation.h"
#include "core/generation/generation_capture.h"
#include "core/generation/generation_check.h"

enum { BLOCK = 4096, SIZE = 3 * BLOCK + 100 };

/* A file of SIZE bytes of a pattern, and a generation of it. */
struct subject {
    struct scratch scratch;
    int fd;
    struct generation *generation;
};

static void write_pattern(const struct subject *subject, const char *name, uint64_t size)
{
    uint8_t *bytes = malloc(size + 1);
    assert_non_null(bytes);
    pattern_fill(bytes, size, 0, 1);
    scratch_write(&subject->scratch, name, bytes, size);
    free(bytes);
}

static struct generation *generation_of(int fd)
{
    struct stat attributes;
    struct file_identity identity;
    assert_int_equal(fstat(fd, &attributes), 0);
    file_identity_of(&attributes, &identity);
    struct generation *generation = generation_new(&identity, false);
    assert_non_null(generation);
    return generation;
}

/* Makes the file and its generation again; a test may do so several times. */
static void begin(struct subject *subject, uint64_t size, bool captured)
{
    generation_unref(subject->generation);
    if (subject->fd >= 0)
        assert_int_equal(close(subject->fd), 0);
    (void)unlinkat(subject->scratch.directory, "file", 0);
    write_pattern(subject, "file", size);
    subject->fd = scratch_open(&subject->scratch, "file", O_RDWR);
    subject->generation = generation_of(subject->fd);
    if (captured)
        assert_int_equal(generation_capture(subject->generation, subject->fd), 0);
    scratch_let_time_pass(&subject->scratch, "file");
}

static int setup(void **state)
{
    struct subject *subject = calloc(1, sizeof(*subject));
    if (subject == NULL || scratch_make(&subject->scratch) != 0)
        return -1;
    subject->fd = -1;
    *state = subject;
    return 0;
}

static int teardown(void **state)
{
    struct subject *subject = *state;
    generation_unref(subject->generation);
    if (subject->fd >= 0)
        (void)close(subject->fd);
    scratch_remove(&subject->scratch);
    free(subject);
    return 0;
}

static uint64_t size_now(const struct subject *subject)
{
    return (uint64_t)scratch_stat(&subject->scratch, "file").st_size;
}

static void put(const struct subject *subject, uint64_t offset, const char *text)
{
    scratch_overwrite(&subject->scratch, "file", text, strlen(text), offset);
}

/* Same content, another ctime. */
static void touch_ctime(const struct subject *subject)
{
    mode_t mode = scratch_stat(&subject->scratch, "file").st_mode & 07777;
    assert_int_equal(fchmod(subject->fd, mode ^ S_IXUSR), 0);
}

/* Overwrites and sets the mtime back, like a program that wants to hide the change. */
static void put_secretly(const struct subject *subject, uint64_t offset, const char *text)
{
    const struct stat before = scratch_stat(&subject->scratch, "file");
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    put(subject, offset, text);
    assert_int_equal(futimens(subject->fd, times), 0);
}

/* Checks that the generation is the same and knows the file's current attributes. */
static void assert_goes_on(const struct subject *subject, bool moved)
{
    const struct stat attributes = scratch_stat(&subject->scratch, "file");
    struct file_identity identity;
    bool changed = !moved;

    assert_int_equal(generation_check(subject->generation, subject->fd, &changed), 0);
    assert_int_equal(changed, moved);
    assert_false(generation_is_over(subject->generation));
    file_identity_of(&attributes, &identity);
    struct file_identity known = generation_identity(subject->generation);
    assert_true(file_identity_equal(&known, &identity));
    assert_int_equal(generation_size(subject->generation), (uint64_t)attributes.st_size);
}

/* Checks that it is over, stays so, and reports once how it ended. */
static void assert_over(const struct subject *subject, enum end_reason reason)
{
    bool changed = false;
    struct generation_end end;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(generation_check(subject->generation, subject->fd, &changed), -ESTALE);
        assert_true(generation_is_over(subject->generation));
    }
    assert_true(generation_take_end(subject->generation, &end));
    assert_string_equal(end_reason_name(end.reason), end_reason_name(reason));
    assert_false(generation_take_end(subject->generation, &end));
}

static void test_nothing_differs(void **state)
{
    struct subject *subject = *state;
    for (int captured = 0; captured < 2; captured++) {
        begin(subject, SIZE, captured == 1);
        assert_goes_on(subject, false);
        assert_goes_on(subject, false);
    }
}

/* chmod, a new link: the same generation if its ends were captured, again and again. */
static void test_ctime_only(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    touch_ctime(subject);
    assert_goes_on(subject, true);
    assert_goes_on(subject, false);
    scratch_let_time_pass(&subject->scratch, "file");
    assert_int_equal(
        linkat(subject->scratch.directory, "file", subject->scratch.directory, "link", 0), 0);
    assert_goes_on(subject, true);
    begin(subject, 0, true);
    touch_ctime(subject);
    assert_goes_on(subject, true);
}

/* The first or the last block is another: the times alone do not make it the same. */
static void test_ctime_with_changed_end(void **state)
{
    struct subject *subject = *state;
    const uint64_t places[] = {0, BLOCK - 1, SIZE - 1, 3 * BLOCK};

    for (size_t i = 0; i < LENGTH_OF(places); i++) {
        begin(subject, SIZE, true);
        put_secretly(subject, places[i], "#");
        assert_over(subject, END_DIGEST);
    }
}

/* It grew, within its last block or far beyond it: the generation goes on, larger. */
static void test_append(void **state)
{
    struct subject *subject = *state;
    const uint64_t sizes[] = {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, SIZE};

    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        begin(subject, sizes[i], true);
        put(subject, sizes[i], "x");
        assert_goes_on(subject, true);
        put(subject, size_now(subject) + 5 * BLOCK, "further on");
        assert_goes_on(subject, true);
        assert_goes_on(subject, false);
    }
}

/* What was captured moves along: after growing it is the new last block that must stay. */
static void test_append_then_rewrite(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    put(subject, SIZE + 2 * BLOCK, "new end");
    assert_goes_on(subject, true);
    scratch_let_time_pass(&subject->scratch, "file");
    put(subject, SIZE + 2 * BLOCK, "N");
    put(subject, size_now(subject), "more");
    assert_over(subject, END_DIGEST);
}

/* It grew, but the first block, or the one that was its last, is another. */
static void test_append_with_changed_end(void **state)
{
    struct subject *subject = *state;
    const uint64_t places[] = {0, BLOCK - 1, 3 * BLOCK, SIZE - 1};
    const uint64_t sizes[] = {1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, SIZE};

    for (size_t i = 0; i < LENGTH_OF(places); i++) {
        begin(subject, SIZE, true);
        put(subject, places[i], "#");
        put(subject, SIZE, "more");
        assert_over(subject, END_DIGEST);
    }
    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        begin(subject, sizes[i], true);
        put(subject, sizes[i] - 1, "# and more");
        assert_over(subject, END_DIGEST);
    }
}

static void test_rewrite_of_same_size(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    put(subject, 2 * BLOCK, "in the middle, where no digest looks");
    assert_over(subject, END_REWRITTEN);
}

static void test_truncate(void **state)
{
    struct subject *subject = *state;
    const uint64_t sizes[] = {0, 1, BLOCK, SIZE - 1};

    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        begin(subject, SIZE, true);
        scratch_truncate(&subject->scratch, "file", sizes[i]);
        assert_over(subject, END_SHORTENED);
    }
}

/* Cut and grown again, past where it was: zeros are not the old bytes. */
static void test_truncate_and_grow(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    scratch_truncate(&subject->scratch, "file", 2 * BLOCK);
    scratch_truncate(&subject->scratch, "file", 2 * SIZE);
    assert_over(subject, END_DIGEST);
}

static void test_another_file(void **state)
{
    struct subject *subject = *state;
    bool changed = false;

    for (int captured = 0; captured < 2; captured++) {
        begin(subject, SIZE, captured == 1);
        write_pattern(subject, "copy", SIZE);
        int copy = scratch_open(&subject->scratch, "copy", O_RDONLY);
        int error = generation_check(subject->generation, copy, &changed);
        assert_int_equal(close(copy), 0);
        assert_int_equal(error, -ESTALE);
        assert_over(subject, END_REPLACED);
    }
}

/*
 * A generation that was not captured has not been read: it follows the file, unless that shrinks.
 */
static void test_not_captured(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, false);
    touch_ctime(subject);
    assert_goes_on(subject, true);
    put(subject, SIZE, "more");
    assert_goes_on(subject, true);
    scratch_let_time_pass(&subject->scratch, "file");
    put(subject, 0, "#");
    assert_goes_on(subject, true);
    scratch_truncate(&subject->scratch, "file", SIZE);
    assert_over(subject, END_SHORTENED);
}

/* Nothing revives a generation that is over, not even the file as it was, to the nanosecond. */
static void test_stale_for_good(void **state)
{
    struct subject *subject = *state;
    bool changed = false;

    begin(subject, SIZE, true);
    assert_int_equal(generation_end(subject->generation, END_SUPERSEDED, NULL), -ESTALE);
    assert_int_equal(generation_check(subject->generation, subject->fd, &changed), -ESTALE);
    assert_over(subject, END_SUPERSEDED);
}

/* Before its first read a generation takes the file as it is now. */
static void test_capture_takes_what_is_there(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, false);
    assert_false(generation_captured(subject->generation));
    put(subject, 0, "#");
    put(subject, SIZE, "more");
    assert_int_equal(generation_capture(subject->generation, subject->fd), 0);
    assert_true(generation_captured(subject->generation));
    assert_goes_on(subject, false);
    scratch_let_time_pass(&subject->scratch, "file");
    put(subject, size_now(subject), "and more");
    assert_goes_on(subject, true);
}

/* How many ms ago the file was written to. */
static int64_t age_of(const struct subject *subject)
{
    const struct stat attributes = scratch_stat(&subject->scratch, "file");
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return (now.tv_sec - attributes.st_mtim.tv_sec) * 1000 +
           (now.tv_nsec - attributes.st_mtim.tv_nsec) / 1000000;
}

/* A write may be under way: a file that was written to just now gets time to rest. */
static void test_capture_waits_for_rest(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, false);
    put(subject, 0, "#");
    assert_int_equal(generation_capture(subject->generation, subject->fd), 0);
    assert_true(age_of(subject) >= 20);
    assert_goes_on(subject, false);
}

/* An mtime in the future says nothing about that, and the capture still ends. */
static void test_capture_of_future_file(void **state)
{
    struct subject *subject = *state;
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1ll << 33}};

    begin(subject, SIZE, false);
    assert_int_equal(futimens(subject->fd, times), 0);
    assert_int_equal(generation_capture(subject->generation, subject->fd), 0);
    assert_goes_on(subject, false);
}

/* The size that was reported must hold. */
static void test_capture_of_less(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, false);
    scratch_truncate(&subject->scratch, "file", SIZE - 1);
    assert_int_equal(generation_capture(subject->generation, subject->fd), -ESTALE);
    assert_over(subject, END_SHORTENED);
}

static void test_capture_of_another_file(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, false);
    write_pattern(subject, "copy", SIZE);
    int copy = scratch_open(&subject->scratch, "copy", O_RDONLY);
    int error = generation_capture(subject->generation, copy);
    assert_int_equal(close(copy), 0);
    assert_int_equal(error, -ESTALE);
    assert_over(subject, END_REPLACED);
}

/* The second capture changes nothing: what was captured first is what counts. */
static void test_capture_twice(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    put(subject, 0, "#");
    put(subject, SIZE, "more");
    assert_int_equal(generation_capture(subject->generation, subject->fd), 0);
    assert_over(subject, END_DIGEST);
}

/* A file that cannot be read does not count as another one. */
static void test_read_errors(void **state)
{
    struct subject *subject = *state;
    bool changed = false;

    begin(subject, SIZE, false);
    int unreadable = scratch_open(&subject->scratch, "file", O_WRONLY);
    int capture_error = generation_capture(subject->generation, unreadable);
    assert_int_equal(close(unreadable), 0);
    assert_int_equal(capture_error, 0); /* it goes without the digests */
    assert_true(generation_captured(subject->generation));
    assert_int_equal(generation_check(subject->generation, -1, &changed), -EBADF);
    assert_false(generation_is_over(subject->generation));
    assert_goes_on(subject, false);
}

/* Without digests of its ends it lives as long as nothing at all changes. */
static void test_captured_without_digests(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, false);
    int unreadable = scratch_open(&subject->scratch, "file", O_WRONLY);
    int error = generation_capture(subject->generation, unreadable);
    assert_int_equal(close(unreadable), 0);
    assert_int_equal(error, 0);
    assert_goes_on(subject, false);
    touch_ctime(subject);
    assert_over(subject, END_UNPROVEN);
}

/* Appends in small steps while others check. */
struct growing {
    struct subject *subject;
    atomic_bool done;
};

static void append_often(const struct growing *growing)
{
    char line[] = "one more line of a log that is written all the time\n";
    int fd = openat(growing->subject->scratch.directory, "file", O_WRONLY | O_APPEND | O_CLOEXEC);

    THREAD_CHECK(fd >= 0);
    for (int i = 0; i < 20000; i++)
        THREAD_CHECK(write(fd, line, sizeof(line) - 1) == (ssize_t)sizeof(line) - 1);
    (void)close(fd);
}

static void check_often(const struct growing *growing)
{
    struct generation *generation = growing->subject->generation;
    uint64_t last = 0;

    while (!atomic_load(&growing->done)) {
        bool changed = false;
        THREAD_CHECK(generation_check(generation, growing->subject->fd, &changed) == 0);
        uint64_t size = generation_size(generation);
        THREAD_CHECK(size >= last);
        last = size;
    }
}

static void append_or_check(void *argument, unsigned index)
{
    struct growing *growing = argument;
    if (index > 0) {
        check_often(growing);
        return;
    }
    append_often(growing);
    atomic_store(&growing->done, true);
}

static int let_sample_be_compared(struct generation_state *state, void *argument)
{
    (void)argument;
    state->sample_rest = 0;
    return 0;
}

static int lose_sample(struct generation_state *state, void *argument)
{
    (void)argument;
    state->sampled = 0;
    return 0;
}

static int doubt_time(struct generation_state *seen, void *argument)
{
    (void)argument;
    seen->doubts |= DOUBT_TIME;
    return 0;
}

/* The number of blocks moves by itself, and holes depend on it: taken over even if in doubt. */
static void test_blocks_are_taken_over(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    struct file_identity now = generation_identity(subject->generation);
    now.blocks += 8;
    assert_true(generation_is_as(subject->generation, &now));
    assert_int_equal(generation_identity(subject->generation).blocks, now.blocks);
    assert_int_equal(generation_update(subject->generation, doubt_time, NULL), 0);
    now.blocks += 8;
    assert_false(generation_is_as(subject->generation, &now));
    assert_int_equal(generation_identity(subject->generation).blocks, now.blocks);
    now.blocks += 8;
    now.size++;
    assert_false(generation_is_as(subject->generation, &now));
    assert_int_not_equal(generation_identity(subject->generation).blocks, now.blocks);
}

/* What a sample can tell of the file's history. */
static void test_only_grew(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    generation_take_sample(subject->generation, subject->fd);
    assert_true(generation_only_grew(subject->generation, subject->fd, SIZE));
    scratch_append(&subject->scratch, "file", "more", 4);
    assert_goes_on(subject, true);
    assert_true(generation_only_grew(subject->generation, subject->fd, SIZE));
    assert_false(generation_only_grew(subject->generation, subject->fd, SIZE - 1));

    (void)generation_update(subject->generation, let_sample_be_compared, NULL);
    put(subject, BLOCK, "other");
    assert_false(generation_only_grew(subject->generation, subject->fd, SIZE));
    assert_false(generation_is_over(subject->generation));

    begin(subject, SIZE, true);
    (void)generation_update(subject->generation, lose_sample, NULL);
    assert_false(generation_only_grew(subject->generation, subject->fd, SIZE));
}

/*
 * However a check falls between appends and other checks, the generation goes on and never shrinks.
 */
static void test_append_while_checking(void **state)
{
    struct subject *subject = *state;
    struct growing growing = {.subject = subject};

    begin(subject, SIZE, true);
    run_threads(3, append_or_check, &growing);
    bool changed = false;
    assert_int_equal(generation_check(subject->generation, subject->fd, &changed), 0);
    assert_goes_on(subject, false);
}

/* Every part of an identity counts; the ctime not for the content. */
static void test_identity(void **state)
{
    const struct file_identity one = {
        .device = 1, .inode = 2, .size = 3, .mtime = {4, 5}, .ctime = {6, 7}};
    struct file_identity others[] = {one, one, one, one, one, one, one};
    (void)state;

    others[0].device++;
    others[1].inode++;
    others[2].size++;
    others[3].mtime.tv_sec++;
    others[4].mtime.tv_nsec++;
    others[5].ctime.tv_sec++;
    others[6].ctime.tv_nsec++;
    assert_true(file_identity_equal(&one, &one));
    for (size_t i = 0; i < LENGTH_OF(others); i++) {
        assert_false(file_identity_equal(&one, &others[i]));
        assert_int_equal(file_identity_same_content(&one, &others[i]), i >= 5);
    }
}

static void test_identity_of_stat(void **state)
{
    struct subject *subject = *state;
    struct file_identity identity;

    begin(subject, SIZE, false);
    const struct stat attributes = scratch_stat(&subject->scratch, "file");
    file_identity_of(&attributes, &identity);
    assert_int_equal(identity.device, attributes.st_dev);
    assert_int_equal(identity.inode, attributes.st_ino);
    assert_int_equal(identity.size, SIZE);
    assert_memory_equal(&identity.mtime, &attributes.st_mtim, sizeof(identity.mtime));
    assert_memory_equal(&identity.ctime, &attributes.st_ctim, sizeof(identity.ctime));
}

enum { NUMBERS = 5000, NUMBER_THREADS = 4 };

static void make_generations(void *argument, unsigned index)
{
    const struct file_identity identity = {.inode = 1};
    uint64_t *numbers = (uint64_t *)argument + index * NUMBERS;

    for (int i = 0; i < NUMBERS; i++) {
        struct generation *generation = generation_new(&identity, false);
        if (!THREAD_CHECK(generation != NULL))
            return;
        numbers[i] = generation_number(generation);
        generation_unref(generation);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t one = *(const uint64_t *)a;
    const uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

/* No two generations share a number, not even one after the other; none is 0. */
static void test_numbers(void **state)
{
    static uint64_t numbers[NUMBERS * NUMBER_THREADS];
    (void)state;

    run_threads(NUMBER_THREADS, make_generations, numbers);
    qsort(numbers, LENGTH_OF(numbers), sizeof(numbers[0]), compare_numbers);
    assert_int_not_equal(numbers[0], 0);
    for (size_t i = 1; i < LENGTH_OF(numbers); i++)
        assert_int_not_equal(numbers[i - 1], numbers[i]);
}

static unsigned destroyed;

static void begin_mourning(void *note)
{
    (void)note;
}

static void end_mourning(void *note)
{
    (void)note;
    destroyed++;
}

/* A note by which the end of its generation is seen. */
static const struct note_type mourner = {
    .name = "mourner", .size = 1, .init = begin_mourning, .destroy = end_mourning};

/* It lives until the last reference is dropped; the last but one leaves it alone. */
static void test_references(void **state)
{
    struct subject *subject = *state;

    begin(subject, SIZE, true);
    destroyed = 0;
    assert_non_null(generation_note(subject->generation, &mourner, NULL));
    assert_ptr_equal(generation_ref(subject->generation), subject->generation);
    generation_unref(subject->generation);
    assert_int_equal(destroyed, 0);
    assert_int_equal(generation_size(subject->generation), SIZE);
    generation_unref(subject->generation);
    assert_int_equal(destroyed, 1);
    subject->generation = NULL;
    generation_unref(NULL);
}

#define SUBJECT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUBJECT_TEST(test_nothing_differs),
        SUBJECT_TEST(test_ctime_only),
        SUBJECT_TEST(test_ctime_with_changed_end),
        SUBJECT_TEST(test_append),
        SUBJECT_TEST(test_append_then_rewrite),
        SUBJECT_TEST(test_append_with_changed_end),
        SUBJECT_TEST(test_rewrite_of_same_size),
        SUBJECT_TEST(test_truncate),
        SUBJECT_TEST(test_truncate_and_grow),
        SUBJECT_TEST(test_another_file),
        SUBJECT_TEST(test_not_captured),
        SUBJECT_TEST(test_stale_for_good),
        SUBJECT_TEST(test_capture_takes_what_is_there),
        SUBJECT_TEST(test_capture_waits_for_rest),
        SUBJECT_TEST(test_capture_of_future_file),
        SUBJECT_TEST(test_capture_of_less),
        SUBJECT_TEST(test_capture_of_another_file),
        SUBJECT_TEST(test_capture_twice),
        SUBJECT_TEST(test_read_errors),
        SUBJECT_TEST(test_captured_without_digests),
        SUBJECT_TEST(test_blocks_are_taken_over),
        SUBJECT_TEST(test_only_grew),
        SUBJECT_TEST(test_append_while_checking),
        cmocka_unit_test(test_identity),
        SUBJECT_TEST(test_identity_of_stat),
        cmocka_unit_test(test_numbers),
        SUBJECT_TEST(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
