/* SPDX-License-Identifier: MIT */
/* index_sweep, index_space: an index directory is bounded, and foreign files in it stay. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/format/lines.h"
#include "core/index/index_names.h"
#include "core/index/index_space.h"
#include "core/index/index_sweep.h"

enum { BLOCK = 4096, DAY = 24 * 60 * 60, PATH_ROOM = 4200 };

static void path_in(const struct scratch *scratch, const char *name, char *path)
{
    (void)snprintf(path, PATH_ROOM, "%.3900s/%s", scratch->path, name);
}

/* A file of one block in DIR/PART, last used so many seconds ago. */
static void put(const struct scratch *scratch, const char *part, const char *name, time_t age)
{
    static const char bytes[BLOCK] = "index";
    char path[2 * INDEX_NAME_MOST];
    const struct timespec times[2] = {{time(NULL) - age, 0}, {time(NULL) - age, 0}};

    (void)snprintf(path, sizeof(path), "indexes/%s", part);
    (void)mkdirat(scratch->directory, "indexes", S_IRWXU);
    (void)mkdirat(scratch->directory, path, S_IRWXU);
    (void)snprintf(path, sizeof(path), "indexes/%s/%s", part, name);
    scratch_write(scratch, path, bytes, sizeof(bytes));
    int fd = scratch_open(scratch, path, O_RDWR);
    assert_int_equal(fsync(fd), 0); /* so that it has its blocks */
    assert_int_equal(close(fd), 0);
    assert_int_equal(utimensat(scratch->directory, path, times, 0), 0);
}

static void put_index(const struct scratch *scratch, uint64_t part, uint64_t rest, time_t age)
{
    char head[INDEX_NAME_MOST];
    char name[INDEX_NAME_MOST];
    const struct index_name names = {part, rest, &lines_format, false};
    index_part_name(part, head);
    index_file_name(&names, name);
    put(scratch, head, name, age);
}

static bool there(const struct scratch *scratch, uint64_t part, uint64_t rest)
{
    char path[2 * INDEX_NAME_MOST];
    char full[PATH_ROOM];
    const struct index_name name = {part, rest, &lines_format, false};
    index_path(&name, path);
    (void)snprintf(full, sizeof(full), "%.3900s/indexes/%s", scratch->path, path);
    return access(full, F_OK) == 0;
}

static bool has(const struct scratch *scratch, const char *name)
{
    return faccessat(scratch->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct index_sweep sweep_to(const struct scratch *scratch, uint64_t limit)
{
    struct index_sweep sweep;
    char path[PATH_ROOM];
    path_in(scratch, "indexes", path);
    assert_int_equal(index_sweep(path, limit, 0, NULL, &sweep), 0);
    return sweep;
}

static void names_are_told_from_others(void **state)
{
    static const char *const others[] = {"",
                                         ".",
                                         "..",
                                         "0123456789abcde",
                                         "0123456789ABCDEF",
                                         "0123456789abcdef0",
                                         "0123456789abcdef.line",
                                         "0123456789abcdef.lines.tmp",
                                         "0123456789abcdef.tmp",
                                         "notes.lines",
                                         "notes.tmp",
                                         "probe-.tmp",
                                         "probe-1-1",
                                         "my-probe-1-1.tmp",
                                         "0123456789abcdeg-1-1.tmp"};
    const struct index_name seven = {.rest = 7, .format = &lines_format};
    struct index_name parsed = {.format = NULL};
    char name[INDEX_NAME_MOST];
    uint64_t number = 0;

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(others); i++) {
        assert_false(index_part_parse(others[i], &number));
        assert_false(index_file_name_parse(others[i], &parsed));
        assert_false(index_name_is_temporary(others[i]));
        assert_false(index_name_is_probe(others[i]));
    }
    index_part_name(UINT64_C(0xfedcba9876543210), name);
    assert_true(index_part_parse(name, &number));
    assert_int_equal(number, UINT64_C(0xfedcba9876543210));
    index_file_name(&seven, name);
    assert_string_equal(name, "0000000000000007.lines");
    assert_true(index_file_name_parse(name, &parsed));
    assert_int_equal(parsed.rest, 7);
    assert_ptr_equal(parsed.format, &lines_format);
    assert_false(index_name_is_temporary(name));
    index_temporary_name(&seven, 3, name);
    assert_true(index_name_is_temporary(name));
    assert_false(index_name_is_probe(name));
    assert_false(index_file_name_parse(name, &parsed));
    index_probe_name(3, name);
    assert_true(index_name_is_probe(name));
    assert_false(index_name_is_temporary(name));
    assert_false(index_file_name_parse(name, &parsed));
}

/* What was used last stays, whatever the order in which the directory lists them. */
static void the_oldest_use_goes_first(void **state)
{
    enum { COUNT = 40, STAY = 15 };
    const struct scratch *scratch = *state;
    struct random random = random_case(1);
    uint64_t rests[COUNT];

    for (unsigned i = 0; i < COUNT; i++) {
        rests[i] = random_next(&random);
        put_index(scratch, rests[i] % 7, rests[i], 1000 * (time_t)(i + 1));
    }
    struct index_sweep all = sweep_to(scratch, UINT64_MAX);
    assert_int_equal(all.indexes, COUNT);
    assert_int_equal(all.removed, 0);
    assert_true(all.bytes >= (uint64_t)COUNT * BLOCK);
    uint64_t each = all.bytes / COUNT;
    struct index_sweep some = sweep_to(scratch, STAY * each + each / 2);
    assert_int_equal(some.indexes, STAY);
    assert_int_equal(some.removed, COUNT - STAY);
    assert_int_equal(some.bytes, STAY * each);
    for (unsigned i = 0; i < COUNT; i++)
        assert_true(there(scratch, rests[i] % 7, rests[i]) == (i < STAY));
    struct index_sweep none = sweep_to(scratch, 0);
    assert_int_equal(none.bytes, 0);
    assert_int_equal(none.indexes, 0);
}

/* A file system may tell any time: nothing overflows, and the order is right. */
static void uses_in_other_ages(void **state)
{
    static const time_t stamps[] = {-(INT64_C(1) << 31), 0, INT64_C(1) << 33, INT64_C(1) << 34};
    const struct scratch *scratch = *state;

    for (size_t i = 0; i < LENGTH_OF(stamps); i++)
        put_index(scratch, 1, i, time(NULL) - stamps[i]);
    const uint64_t each = sweep_to(scratch, UINT64_MAX).bytes / LENGTH_OF(stamps);
    for (size_t i = 1; i < LENGTH_OF(stamps); i++) {
        assert_int_equal(sweep_to(scratch, (LENGTH_OF(stamps) - i) * each).removed, 1);
        assert_false(there(scratch, 1, i - 1));
    }
}

static void empty_directories_go(void **state)
{
    const struct scratch *scratch = *state;

    put_index(scratch, 1, 1, 100);
    put_index(scratch, 2, 2, DAY);
    assert_int_equal(mkdirat(scratch->directory, "indexes/00000000000000ff", S_IRWXU), 0);
    assert_int_equal(mkdirat(scratch->directory, "indexes/somebody's", S_IRWXU), 0);
    (void)sweep_to(scratch, UINT64_MAX);
    assert_false(has(scratch, "indexes/00000000000000ff"));
    assert_true(has(scratch, "indexes/somebody's"));
    (void)sweep_to(scratch, 2 * BLOCK - 1);
    assert_false(has(scratch, "indexes/0000000000000002"));
    assert_true(has(scratch, "indexes/0000000000000001"));
}

/* Files and directories with other names, links, and what only looks like bigfs's. */
static void what_is_not_ours_stays(void **state)
{
    const struct scratch *scratch = *state;

    put(scratch, "0000000000000001", "notes.lines", 400 * (time_t)DAY);
    put(scratch, "0000000000000001", "notes.tmp", 400 * (time_t)DAY);
    put(scratch, "photos", "0000000000000001.lines", 400 * (time_t)DAY);
    put(scratch, "outside", "0000000000000001.lines", 400 * (time_t)DAY);
    assert_int_equal(symlinkat("outside", scratch->directory, "indexes/0000000000000002"), 0);
    assert_int_equal(
        mkdirat(scratch->directory, "indexes/0000000000000001/00000000000000aa.lines", S_IRWXU), 0);
    put_index(scratch, 1, 1, DAY);
    struct index_sweep sweep = sweep_to(scratch, 0);
    assert_int_equal(sweep.removed, 1);
    assert_true(has(scratch, "indexes/0000000000000001/notes.lines"));
    assert_true(has(scratch, "indexes/0000000000000001/notes.tmp"));
    assert_true(has(scratch, "indexes/0000000000000001/00000000000000aa.lines"));
    assert_true(has(scratch, "indexes/photos/0000000000000001.lines"));
    assert_true(has(scratch, "indexes/outside/0000000000000001.lines"));
    assert_true(has(scratch, "indexes/0000000000000002"));
}

/* Of processes that died, on any host; also of those of older versions. A live one has a day. */
static void probes_of_the_dead_go(void **state)
{
    const struct scratch *scratch = *state;

    put(scratch, ".", "probe-7-0.tmp", DAY + 100);
    put(scratch, ".", "probe-7.tmp", 400 * (time_t)DAY);
    put(scratch, ".", "probe-8-0.tmp", DAY - 100);
    put(scratch, ".", "probe.tmp", 400 * (time_t)DAY);
    put(scratch, "probe-9-0.tmp", "1", 400 * (time_t)DAY);
    (void)sweep_to(scratch, UINT64_MAX);
    assert_false(has(scratch, "indexes/probe-7-0.tmp"));
    assert_false(has(scratch, "indexes/probe-7.tmp"));
    assert_true(has(scratch, "indexes/probe-8-0.tmp"));
    assert_true(has(scratch, "indexes/probe.tmp"));
    assert_true(has(scratch, "indexes/probe-9-0.tmp/1"));
}

static void directories_that_cannot_be_swept(void **state)
{
    const struct scratch *scratch = *state;
    struct index_sweep sweep;
    char path[PATH_ROOM];

    path_in(scratch, "missing", path);
    assert_int_equal(index_sweep(path, 0, 0, NULL, &sweep), -ENOENT);
    put_index(scratch, 1, 1, DAY);
    path_in(scratch, "indexes", path);
    assert_int_equal(chmod(path, S_IRWXU | S_IWOTH | S_IXOTH), 0);
    assert_int_equal(index_sweep(path, 0, 0, NULL, &sweep), -EPERM);
    assert_true(there(scratch, 1, 1));
    assert_int_equal(chmod(path, S_IRWXU), 0);
}

static void it_ends_early(void **state)
{
    const struct scratch *scratch = *state;
    const atomic_bool ending = true;
    struct index_sweep sweep;
    char path[PATH_ROOM];

    put_index(scratch, 1, 1, DAY);
    path_in(scratch, "indexes", path);
    assert_int_equal(index_sweep(path, 0, 0, &ending, &sweep), 0);
    assert_true(there(scratch, 1, 1));
}

/* Waits for the thread; a test that fails ends by the deadline of all tests. */
static void await_gone(const struct scratch *scratch, uint64_t part, uint64_t rest)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (there(scratch, part, rest))
        (void)nanosleep(&pause, NULL);
}

/* At the start, and when what is kept goes beyond the limit. */
static void the_thread_sweeps(void **state)
{
    const struct scratch *scratch = *state;
    struct index_space space;
    char path[PATH_ROOM];

    put_index(scratch, 1, 1, DAY);
    put_index(scratch, 1, 2, DAY / 2);
    put_index(scratch, 1, 3, 100);
    path_in(scratch, "indexes", path);
    uint64_t each = sweep_to(scratch, UINT64_MAX).bytes / 3;
    index_space_init(&space, path, 2 * each + each / 2);
    assert_int_equal(index_space_start(&space), 0);
    await_gone(scratch, 1, 1);
    assert_true(there(scratch, 1, 2));
    while (index_space_used(&space) != 2 * each)
        (void)sched_yield();
    put_index(scratch, 1, 4, 0);
    index_space_note(&space, each);
    await_gone(scratch, 1, 2);
    assert_true(there(scratch, 1, 3));
    assert_true(there(scratch, 1, 4));
    index_space_stop(&space);
    index_space_stop(&space);
    assert_int_equal(index_space_used(&space), 2 * each);
    index_space_destroy(&space);
}

/* An index that fits, though it leaves no room free: else it would be made again and again. */
static void the_last_one_stays(void **state)
{
    const struct scratch *scratch = *state;
    struct index_space space;
    char path[PATH_ROOM];

    put_index(scratch, 1, 1, DAY);
    path_in(scratch, "indexes", path);
    const uint64_t each = sweep_to(scratch, UINT64_MAX).bytes;
    index_space_init(&space, path, each + 1);
    assert_int_equal(index_space_start(&space), 0);
    while (index_space_used(&space) != each)
        (void)sched_yield();
    put_index(scratch, 1, 2, 0);
    index_space_note(&space, each);
    await_gone(scratch, 1, 1);
    index_space_stop(&space);
    assert_true(there(scratch, 1, 2));
    assert_int_equal(index_space_used(&space), each);
    index_space_destroy(&space);
}

static void no_directory(void **state)
{
    struct index_space space;

    (void)state;
    index_space_init(&space, NULL, 1);
    assert_int_equal(index_space_start(&space), 0);
    index_space_sweep(&space);
    index_space_stop(&space);
    index_space_destroy(&space);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_told_from_others),
        IN_SCRATCH(the_oldest_use_goes_first),
        IN_SCRATCH(uses_in_other_ages),
        IN_SCRATCH(empty_directories_go),
        IN_SCRATCH(what_is_not_ours_stays),
        IN_SCRATCH(probes_of_the_dead_go),
        IN_SCRATCH(directories_that_cannot_be_swept),
        IN_SCRATCH(it_ends_early),
        IN_SCRATCH(the_thread_sweeps),
        IN_SCRATCH(the_last_one_stays),
        cmocka_unit_test(no_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
