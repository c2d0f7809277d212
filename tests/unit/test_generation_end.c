/* SPDX-License-Identifier: MIT */
/*
 * generation_end: why a generation ended is reported once, for the right event and path.
 *
 * This program is linked with --wrap=pread and pread64, so that it can simulate a disk whose first
 * block is bad.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/content/content.h"
#include "core/content/contents.h"
#include "core/file/fault_guard.h"

enum { BLOCK = 4096, SIZE = 20 * BLOCK + 100, READERS = 6 };

static atomic_bool bad_head; /* reads of a block at the start of a file fail */

ssize_t __real_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __real_pread64(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t length, off_t offset);

static bool refuse_read(size_t length, off_t offset)
{
    if (!atomic_load(&bad_head) || offset != 0 || length > BLOCK)
        return false;
    errno = EIO;
    return true;
}

ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset)
{
    return refuse_read(length, offset) ? -1 : __real_pread(fd, buffer, length, offset);
}

ssize_t __wrap_pread64(int fd, void *buffer, size_t length, off_t offset)
{
    return refuse_read(length, offset) ? -1 : __real_pread64(fd, buffer, length, offset);
}

/* What was reported: how often, and what the last time. */
static struct {
    atomic_uint count;
    char path[64];
    struct generation_end end;
    bool open;
} reported;

static struct world *world; /* of the running test */

static void note_end(void *argument, const char *path, const struct generation_end *end, bool open)
{
    THREAD_CHECK(argument == &reported);
    atomic_fetch_add(&reported.count, 1);
    (void)snprintf(reported.path, sizeof(reported.path), "%s", path);
    reported.end = *end;
    reported.open = open;
}

static int setup(void **state)
{
    int error = world_setup(state);

    world = *state;
    atomic_store(&bad_head, false);
    atomic_store(&reported.count, 0);
    if (error == 0) {
        world->pool.on_end = note_end;
        world->pool.on_end_argument = &reported;
    }
    return error;
}

static void make_file(const char *name, uint64_t kind)
{
    static uint8_t bytes[SIZE];
    pattern_fill(bytes, SIZE, 0, kind);
    scratch_write(&world->scratch, name, bytes, SIZE);
}

/* A file in a directory, which a reader has open. */
static struct reading begin(void)
{
    assert_int_equal(fault_guard_install(), 0);
    (void)mkdirat(world->scratch.directory, "logs", 0755);
    make_file("logs/file", 1);
    struct reading reading = reading_world_pin(world, "logs/file");
    scratch_let_time_pass(&world->scratch, "logs/file");
    return reading;
}

static struct file_identity identity_of(const char *name)
{
    const struct stat attributes = scratch_stat(&world->scratch, name);
    struct file_identity identity;
    file_identity_of(&attributes, &identity);
    return identity;
}

static void assert_counted(enum end_reason reason, uint64_t count)
{
    for (int i = 0; i < END_REASONS; i++)
        assert_int_equal(atomic_load(&world->pool.ended[i]), i == (int)reason ? count : 0);
    assert_int_equal(atomic_load(&reported.count), count);
}

/* Checks that one end was reported, with what was known of the file and what was found instead. */
static void assert_reported(enum end_reason reason, const struct file_identity *was,
                            const struct file_identity *now)
{
    assert_string_equal(end_reason_name(reported.end.reason), end_reason_name(reason));
    assert_counted(reason, 1);
    assert_string_equal(reported.path, "logs/file");
    assert_true(
        file_identity_same_content(&reported.end.was, was)); /* a link may have gone since */
    assert_true(file_identity_equal(&reported.end.now, now));
}

static int read_byte(const struct reading *reading)
{
    uint8_t byte;
    return content_read(reading, &byte, 1, 10);
}

static void read_on(void *argument, unsigned index)
{
    (void)index;
    for (int i = 0; i < 20; i++)
        THREAD_CHECK(read_byte(argument) == -ESTALE);
}

/* However many readers find it over, and looks replace it, its end is reported once. */
static void check_over(struct reading *reading, enum end_reason reason,
                       const struct file_identity *was)
{
    const struct file_identity now = identity_of("logs/file");
    uint8_t byte;

    run_threads(READERS, read_on, reading);
    assert_int_equal(content_read_at_once(reading, &byte, 1, 10), -NOT_AT_ONCE);
    assert_int_equal(reading_confirm(reading), -ESTALE);
    assert_reported(reason, was, &now);
    struct reading fresh = reading_again(reading);
    assert_int_equal(reading_confirm(&fresh), 0);
    reading_close(&fresh);
    reading_close(reading);
    assert_reported(reason, was, &now);
}

static void rename_over(void)
{
    make_file("logs/new", 2);
    assert_int_equal(
        renameat(world->scratch.directory, "logs/new", world->scratch.directory, "logs/file"), 0);
}

/* Overwrites and sets the mtime back. */
static void put_secretly(uint64_t offset, const char *text)
{
    const struct stat before = scratch_stat(&world->scratch, "logs/file");
    const struct timespec times[] = {before.st_atim, before.st_mtim};

    scratch_overwrite(&world->scratch, "logs/file", text, strlen(text), offset);
    assert_int_equal(utimensat(world->scratch.directory, "logs/file", times, 0), 0);
}

static void shorten(void)
{
    scratch_truncate(&world->scratch, "logs/file", SIZE / 2);
}

static void empty(void)
{
    scratch_truncate(&world->scratch, "logs/file", 0);
}

static void rewrite_in_the_middle(void)
{
    scratch_overwrite(&world->scratch, "logs/file", "#", 1, SIZE / 2);
}

static void rewrite_the_head(void)
{
    scratch_overwrite(&world->scratch, "logs/file", "#", 1, 0);
}

static void change_the_head_secretly(void)
{
    put_secretly(0, "#");
}

static void change_a_sampled_block_secretly(void)
{
    put_secretly(5 * BLOCK, "#");
}

static void grow_with_another_head(void)
{
    scratch_overwrite(&world->scratch, "logs/file", "#", 1, 0);
    scratch_append(&world->scratch, "logs/file", "more", 4);
}

static void test_reasons(void **state)
{
    const struct {
        void (*change)(void);
        enum end_reason reason;
    } cases[] = {
        {rename_over, END_REPLACED},
        {shorten, END_SHORTENED},
        {empty, END_SHORTENED},
        {rewrite_in_the_middle, END_REWRITTEN},
        {rewrite_the_head, END_REWRITTEN},
        {change_the_head_secretly, END_DIGEST},
        {change_a_sampled_block_secretly, END_DIGEST},
        {grow_with_another_head, END_DIGEST},
    };
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct reading reading = begin();
        const struct file_identity was = identity_of("logs/file");
        cases[i].change();
        check_over(&reading, cases[i].reason, &was);
        atomic_store(&world->pool.ended[cases[i].reason], 0);
        atomic_store(&reported.count, 0);
    }
}

/* Without the digests of its ends nothing can be proven of a file that changes. */
static void test_unproven(void **state)
{
    (void)state;
    atomic_store(&bad_head, true);
    struct reading reading = begin();
    const struct file_identity was = identity_of("logs/file");
    assert_int_equal(read_byte(&reading), 0);
    scratch_append(&world->scratch, "logs/file", "more", 4);
    check_over(&reading, END_UNPROVEN, &was);
}

/* The source of the file, of which nothing is open; what was known of it, captured or not. */
static struct source *begin_closed(bool captured, struct file_identity *was)
{
    struct reading reading = begin();
    struct source *source = source_ref(reading.source);

    *was = identity_of("logs/file");
    reading_close(&reading);
    if (captured)
        return source;
    source_unref(source);
    source = source_new(&world->pool, "logs/file", content_types[0]);
    assert_non_null(source);
    assert_int_equal(reading_look(source, NULL, &reading, NULL), 0);
    reading_close(&reading);
    return source;
}

/* Looks at the path several times. */
static void look_on(void *argument, unsigned index)
{
    (void)index;
    for (int i = 0; i < 5; i++) {
        AUTO_READING struct reading reading = {.source = NULL};
        THREAD_CHECK(reading_look(argument, NULL, &reading, NULL) == 0);
    }
}

/* A file that is not open ends with a look at its path. Its end is reported once, too. */
static void check_look(void (*change)(void), bool captured, enum end_reason reason)
{
    struct file_identity was;
    struct source *source = begin_closed(captured, &was);

    change();
    const struct file_identity now = identity_of("logs/file");
    run_threads(READERS, look_on, source);
    assert_reported(reason, &was, &now);
    source_unref(source);
    assert_reported(reason, &was, &now);
    atomic_store(&world->pool.ended[reason], 0);
    atomic_store(&reported.count, 0);
}

static void test_ended_by_a_look(void **state)
{
    (void)state;
    check_look(rename_over, true, END_REPLACED);
    check_look(rename_over, false, END_REPLACED);
    check_look(shorten, true, END_SHORTENED);
    check_look(shorten, false, END_SHORTENED);
    check_look(rewrite_in_the_middle, true, END_REWRITTEN);
    check_look(grow_with_another_head, true, END_DIGEST);
}

/* Changes the file, and takes away the right to read it. */
static void change_and_lock(void)
{
    scratch_append(&world->scratch, "logs/file", "more", 4);
    assert_int_equal(fchmodat(world->scratch.directory, "logs/file", 0, 0), 0);
}

/* If it cannot be opened, nothing can be proven about its change. Root can open every file. */
static void test_superseded(void **state)
{
    const bool root = geteuid() == 0;
    struct file_identity was;
    (void)state;

    assert_int_equal(fchmod(world->scratch.directory, 0755), 0);
    struct source *source = begin_closed(true, &was);
    change_and_lock();
    const struct file_identity now = identity_of("logs/file");
    assert_true(!root || seteuid(65534) == 0);
    struct reading reading;
    int error = reading_look(source, NULL, &reading, NULL);
    assert_true(!root || seteuid(0) == 0);
    assert_int_equal(error, 0);
    assert_reported(END_SUPERSEDED, &was, &now);
    reading_close(&reading);
    source_unref(source);
    assert_reported(END_SUPERSEDED, &was, &now);
}

/* Between a look and the first read: found when it is opened, captured, or checked. */
static void test_changed_before_it_is_read(void **state)
{
    struct file_identity was;
    struct reading reading;
    (void)state;

    for (int pinned = 0; pinned < 2; pinned++)
        for (int replaced = 0; replaced < 2; replaced++) {
            const enum end_reason reason = replaced == 1 ? END_REPLACED : END_SHORTENED;
            struct source *source = begin_closed(false, &was);
            assert_int_equal(reading_look(source, NULL, &reading, NULL), 0);
            if (replaced == 1)
                rename_over();
            else
                shorten();
            const struct file_identity now = identity_of("logs/file");
            assert_int_equal(pinned == 1 ? reading_pin(&reading) : read_byte(&reading), -ESTALE);
            assert_reported(reason, &was, &now);
            assert_int_equal(read_byte(&reading), -ESTALE);
            assert_int_equal(reading_pin(&reading), -ESTALE);
            assert_reported(reason, &was, &now);
            reading_close(&reading);
            source_unref(source);
            atomic_store(&world->pool.ended[reason], 0);
            atomic_store(&reported.count, 0);
        }
}

/* What goes on has no end: appended to, another mode, removed, given up. */
static void test_no_end(void **state)
{
    struct reading reading = begin();
    (void)state;

    scratch_append(&world->scratch, "logs/file", "more", 4);
    assert_int_equal(read_byte(&reading), 0);
    assert_int_equal(fchmodat(world->scratch.directory, "logs/file", 0600, 0), 0);
    assert_int_equal(read_byte(&reading), 0);
    assert_int_equal(unlinkat(world->scratch.directory, "logs/file", 0), 0);
    assert_int_equal(read_byte(&reading), 0);
    assert_true(open_files_relieve(&world->pool.files));
    assert_int_equal(read_byte(&reading), -ESTALE);
    reading_close(&reading);
    assert_counted(END_REPLACED, 0);
}

/* Whether something has the file open is reported: if nothing has, no reader is disturbed. */
static void test_open_or_not(void **state)
{
    struct reading look;
    (void)state;

    struct reading reading = begin();
    shorten();
    assert_int_equal(read_byte(&reading), -ESTALE);
    assert_true(reported.open);
    reading_close(&reading);
    reading = begin();
    struct source *source = source_ref(reading.source);
    reading_close(&reading);
    shorten();
    assert_int_equal(reading_look(source, NULL, &look, NULL), 0);
    reading_close(&look);
    source_unref(source);
    assert_int_equal(atomic_load(&reported.count), 2);
    assert_false(reported.open);
}

/* The callback is optional. */
static void test_counted_alone(void **state)
{
    (void)state;
    world->pool.on_end = NULL;
    struct reading reading = begin();
    shorten();
    assert_int_equal(read_byte(&reading), -ESTALE);
    assert_int_equal(read_byte(&reading), -ESTALE);
    reading_close(&reading);
    assert_int_equal(atomic_load(&world->pool.ended[END_SHORTENED]), 1);
    assert_int_equal(atomic_load(&reported.count), 0);
}

/* The first end is the one that counts, and one thread gets it. */
static void test_the_first_end_counts(void **state)
{
    const struct file_identity identity = {.inode = 7, .size = 9};
    const struct file_identity other = {.inode = 8};
    struct generation *generation = generation_new(&identity, false);
    struct generation_end end;
    (void)state;

    assert_non_null(generation);
    assert_false(generation_is_over(generation));
    assert_false(generation_take_end(generation, &end));
    assert_int_equal(generation_end(generation, END_REWRITTEN, &other), -ESTALE);
    assert_int_equal(generation_end(generation, END_REPLACED, NULL), -ESTALE);
    assert_true(generation_is_over(generation));
    assert_true(generation_take_end(generation, &end));
    assert_int_equal(end.reason, END_REWRITTEN);
    assert_true(file_identity_equal(&end.was, &identity));
    assert_true(file_identity_equal(&end.now, &other));
    assert_false(generation_take_end(generation, &end));
    generation_unref(generation);
}

/* Each reason has a word and a sentence of its own. */
static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < END_REASONS; i++) {
        const char *name = end_reason_name((enum end_reason)i);
        assert_true(strlen(name) > 0 && strchr(name, ' ') == NULL);
        assert_true(strchr(end_reason_text((enum end_reason)i), ' ') != NULL);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(name, end_reason_name((enum end_reason)k));
            assert_string_not_equal(end_reason_text((enum end_reason)i),
                                    end_reason_text((enum end_reason)k));
        }
    }
}

#define END_TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        END_TEST(test_reasons),
        END_TEST(test_unproven),
        END_TEST(test_ended_by_a_look),
        END_TEST(test_superseded),
        END_TEST(test_changed_before_it_is_read),
        END_TEST(test_no_end),
        END_TEST(test_open_or_not),
        END_TEST(test_counted_alone),
        cmocka_unit_test(test_the_first_end_counts),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
