/* SPDX-License-Identifier: MIT */
/*
 * index_directory: directories that cannot or should not be used, and those that others use too.
 *
 * This program is linked with --wrap=openat, openat64, fsync, renameat, linkat and mkdirat, to
 * simulate a directory that cannot be written to, and one whose file system does not support
 * nameless files.
 */
#include "tests/unit/index_directory_fixture.h"

#include "core/index/index_probe.h"
#include "core/index/index_sweep.h"

#include <sys/wait.h>
#include <time.h>

enum { DAY = 24 * 60 * 60 };

static int create_error; /* 0, or what creating a file in the directory fails with */
static int fsync_error;
static int rename_error;
static int nameless_error; /* 0, or what creating a file without a name fails with */
static int link_error;
static int
    taken_error; /* what creating fails with if the name is taken; not EEXIST: another is first */
static unsigned links;
static unsigned collisions; /* how often a file could not be created, as its name is taken */
static bool outrun;         /* another process links the index first */

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, mode_t mode);
int __wrap_openat64(int directory, const char *path, int flags, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from, const char *old, int to, const char *name);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __real_mkdirat(int directory, const char *path, mode_t mode);
int __wrap_mkdirat(int directory, const char *path, mode_t mode);
int __real_linkat(int from, const char *old, int to, const char *name, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *name, int flags);

static int fail_with(int error)
{
    errno = error;
    return -1;
}

int __wrap_openat(int directory, const char *path, int flags, mode_t mode)
{
    if (create_error != 0 && (flags & O_CREAT) != 0 && strstr(path, ".tmp") != NULL)
        return fail_with(create_error);
    if ((flags & O_TMPFILE) != O_TMPFILE) {
        int fd = __real_openat(directory, path, flags, (flags & O_CREAT) != 0 ? mode : 0);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        collisions++;
        return fail_with(taken_error);
    }
    int error = create_error != 0 ? create_error : nameless_error;
    return error != 0 ? fail_with(error) : __real_openat(directory, path, flags, mode);
}

int __wrap_openat64(int directory, const char *path, int flags, mode_t mode)
{
    return __wrap_openat(directory, path, flags, mode);
}

/* Another host makes each directory first, if the error says so. */
int __wrap_mkdirat(int directory, const char *path, mode_t mode)
{
    int result = __real_mkdirat(directory, path, mode);
    return taken_error == EEXIST || (result != 0 && errno != EEXIST) ? result
                                                                     : fail_with(taken_error);
}

int __wrap_fsync(int fd)
{
    return fsync_error != 0 ? fail_with(fsync_error) : __real_fsync(fd);
}

int __wrap_renameat(int from, const char *old, int to, const char *name)
{
    return rename_error != 0 ? fail_with(rename_error) : __real_renameat(from, old, to, name);
}

int __wrap_linkat(int from, const char *old, int to, const char *name, int flags)
{
    int error = rename_error != 0 ? rename_error : link_error;
    links++;
    if (outrun && strstr(name, ".lines") != NULL)
        assert_int_equal(close(__real_openat(to, name, O_WRONLY | O_CREAT, 0600)), 0);
    return error != 0 ? fail_with(error) : __real_linkat(from, old, to, name, flags);
}

static int setup(void **state)
{
    create_error = fsync_error = rename_error = nameless_error = link_error = 0;
    links = collisions = 0;
    taken_error = EEXIST;
    outrun = false;
    return indexes_setup(state);
}

/* The index is served from memory, and one warning says that it is not kept. */
static void check_not_kept(uint64_t number)
{
    struct line_model model = write_text(number, 300 * KIB);
    struct line_model other = write_text(number + 1000, 200 * KIB);

    line_model_write(&model, &world->scratch, "text");
    line_model_write(&other, &world->scratch, "other");
    struct reading reading = open_text("text");
    check_index_of(&indexes, &reading, &model);
    uint64_t before = bytes_scanned(world);
    check_index_of(&indexes, &reading, &model);
    assert_int_equal(bytes_scanned(world), before);
    reading_close(&reading);
    assert_int_equal(check_daemon(&other, "other"), other.size);
    assert_int_equal(atomic_load(&warnings), 1);
    line_model_free(&other);
    line_model_free(&model);
}

static void test_a_directory_that_others_may_write_to(void **state)
{
    struct line_model model = write_text(1, 300 * KIB);
    static const mode_t modes[] = {0777, 0770, 0707, 01777};

    (void)state;
    (void)check_daemon(&model, "text");
    assert_int_equal(check_daemon(&model, "text"), 0);
    for (size_t i = 0; i < LENGTH_OF(modes); i++) {
        new_indexes("cache/bigfs");
        assert_int_equal(chmod(indexes_path, modes[i]), 0);
        assert_int_equal(check_daemon(&model, "text"), model.size); /* what is there is not read */
        assert_int_equal(atomic_load(&warnings), 1);
        check_not_kept(10 + i);
        assert_int_equal(files_of(".lines", NULL), 1);
        line_model_write(&model, &world->scratch, "text");
        assert_int_equal(chmod(indexes_path, 0700), 0);
        (void)check_daemon(&model, "text");
        assert_int_equal(files_of(".lines", NULL), 1); /* that of what was there before is gone */
        assert_int_equal(check_daemon(&model, "text"), 0);
    }
    line_model_free(&model);
}

static void test_another_users_directory(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct line_model model = write_text(2, 300 * KIB);
    (void)check_daemon(&model, "text");
    new_indexes("cache/bigfs");
    assert_int_equal(chown(indexes_path, 12345, (gid_t)-1), 0);
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(atomic_load(&warnings), 1);
    line_model_free(&model);
}

static void test_errors_of_the_directory(void **state)
{
    static const int errors[] = {EROFS, ENOSPC, EIO, EACCES};
    int *const places[] = {&create_error, &fsync_error, &rename_error};

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(errors); i++)
        for (size_t k = 0; k < LENGTH_OF(places); k++) {
            new_indexes("cache/bigfs");
            *places[k] = 0;
            struct line_model model = write_text(100 * i + k, 100 * KIB);
            *places[k] = errors[i];
            check_not_kept(20 + 10 * i + k);
            assert_int_equal(files_of(".lines", NULL), 0);
            assert_int_equal(files_of(".tmp", NULL), 0);
            *places[k] = 0;
            line_model_free(&model);
        }
}

/* However the file gets its name, it is there, is the only one, and is accepted. */
static void test_files_without_a_name(void **state)
{
    const struct {
        int nameless;
        int link;
        bool outrun;
        unsigned links;
    } cases[] = {{0, 0, false, 1},      {EOPNOTSUPP, 0, false, 0}, {EISDIR, 0, false, 0},
                 {0, ENOENT, false, 1}, {0, EPERM, false, 1},      {0, 0, true, 2}};

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct line_model model = write_text(50 + i, 300 * KIB);
        nameless_error = cases[i].nameless;
        link_error = cases[i].link;
        outrun = cases[i].outrun;
        links = 0;
        new_indexes("cache/bigfs");
        (void)check_daemon(&model, "text");
        assert_int_equal(files_of(".lines", NULL), i + 1);
        assert_int_equal(files_of(".tmp", NULL), 0);
        assert_int_equal(links, cases[i].links);
        assert_int_equal(check_daemon(&model, "text"), 0);
        line_model_free(&model);
    }
}

static void test_below_a_regular_file(void **state)
{
    (void)state;
    scratch_write(&world->scratch, "file", "", 0);
    new_indexes("file/cache");
    check_not_kept(3);
}

static void test_a_dangling_link(void **state)
{
    (void)state;
    assert_int_equal(symlinkat("nowhere", world->scratch.directory, "link"), 0);
    new_indexes("link");
    check_not_kept(4);
}

static void put_temporary(const char *beside, const char *name, time_t age)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(beside, '/') - beside), beside,
                   name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - age}};
    assert_int_equal(futimens(fd, times), 0);
    assert_int_equal(close(fd), 0);
}

static void test_temporaries_of_the_dead(void **state)
{
    struct line_model model = write_text(5, 300 * KIB);
    struct index_sweep sweep;
    char path[PATH_MAX];

    (void)state;
    (void)check_daemon(&model, "text");
    assert_int_equal(files_of(".lines", path), 1);
    put_temporary(path, "00000000000000aa-1-0.tmp", DAY + 100);
    put_temporary(path, "00000000000000bb-1-0.tmp", 400 * (time_t)DAY);
    put_temporary(path, "00000000000000cc-1-0.tmp", DAY - 100);
    put_temporary(path, "00000000000000dd-1-0.tmp", -1000);
    put_temporary(path, "not-ours.tmp", 400 * (time_t)DAY);
    put_temporary(path, "not-ours", 400 * (time_t)DAY);
    assert_int_equal(index_sweep(indexes_path, UINT64_MAX, 0, NULL, &sweep), 0);
    assert_int_equal(sweep.indexes, 1);
    assert_int_equal(files_of(".tmp", NULL), 3);
    assert_int_equal(files_of("cc-1-0.tmp", NULL), 1);
    assert_int_equal(files_of("not-ours.tmp", NULL), 1);
    assert_int_equal(files_of("not-ours", NULL), 1);
    assert_int_equal(files_of(".lines", NULL), 1);
    line_model_free(&model);
}

/* A temporary with this process's own id: from a killed process, perhaps in a container. */
static void check_temporary_in_the_way(int error)
{
    struct line_model model = write_text(6, 300 * KIB);
    char path[PATH_MAX];
    char name[64];

    taken_error = error;
    (void)check_daemon(&model, "text");
    assert_int_equal(files_of(".lines", path), 1);
    (void)snprintf(name, sizeof(name), "%.16s-%d-0.tmp", strrchr(path, '/') + 1, getpid());
    put_temporary(path, name, 10);
    assert_int_equal(unlink(path), 0);
    new_indexes("cache/bigfs");
    nameless_error = EOPNOTSUPP;
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(collisions, 1);
    assert_int_equal(files_of(".tmp", NULL), 1); /* it stays */
    assert_int_equal(atomic_load(&warnings), 0);
    assert_int_equal(files_of(".lines", NULL), 1);
    line_model_free(&model);
}

static void test_a_temporary_in_the_way(void **state)
{
    (void)state;
    check_temporary_in_the_way(EEXIST);
}

/* sshfs says so if another host has been first. */
static void test_no_word_for_a_taken_name(void **state)
{
    (void)state;
    check_temporary_in_the_way(EPERM);
    new_indexes("cache/of/another");
    assert_int_equal(index_probe(indexes_path), 0);
}

/* The same for a file that had no name, when another process was the first to keep the index. */
static void test_a_link_in_the_way(void **state)
{
    struct line_model model = write_text(9, 300 * KIB);
    char path[PATH_MAX];
    char name[64];

    (void)state;
    (void)check_daemon(&model, "text");
    assert_int_equal(files_of(".lines", path), 1);
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof(name), "%.16s-%d-%u.tmp", strrchr(path, '/') + 1, getpid(), i);
        put_temporary(path, name, 10);
    }
    assert_int_equal(unlink(path), 0);
    new_indexes("cache/bigfs");
    outrun = true;
    links = 0;
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(links, 5);
    assert_int_equal(files_of(".tmp", NULL), 3); /* they stay */
    assert_int_equal(atomic_load(&warnings), 0);
    assert_int_equal(check_daemon(&model, "text"), 0);
    line_model_free(&model);
}

/* Processes that died have left the first names; this one leaves nothing. */
static void test_a_probe_in_the_way(void **state)
{
    char beside[PATH_MAX + 64];
    char name[64];

    (void)state;
    assert_int_equal(index_probe(indexes_path), 0);
    (void)snprintf(beside, sizeof(beside), "%s/", indexes_path);
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof(name), "probe-%d-%u.tmp", getpid(), i);
        put_temporary(beside, name, 10);
    }
    nameless_error = EOPNOTSUPP;
    assert_int_equal(index_probe(indexes_path), 0);
    assert_int_equal(collisions, 3);
    (void)snprintf(name, sizeof(name), "probe-%d-3.tmp", getpid());
    (void)strcat(beside, name);
    assert_int_equal(access(beside, F_OK), -1);
    create_error = EROFS;
    assert_int_equal(index_probe(indexes_path), -EROFS);
    create_error = 0;
    fsync_error = ENOSPC;
    assert_int_equal(index_probe(indexes_path), -ENOSPC);
    assert_int_equal(access(beside, F_OK), -1);
}

enum { SHARED_FILES = 12 };

/* Makes some files' indexes over and over, each time as a daemon that has just started. */
static int index_again_and_again(unsigned child)
{
    for (unsigned round = 0; round < 6; round++)
        for (unsigned i = 0; i < SHARED_FILES; i++) {
            char name[32];
            struct record_index *index = NULL;
            struct reading reading;
            (void)snprintf(name, sizeof(name), "shared-%u", (i + child) % SHARED_FILES);
            reading = reading_world_pin(world, name);
            index_directory_init(&indexes, indexes_path, 0, warn, NULL);
            int error = index_get(&indexes, &reading, &lines_format, &index);
            bool right = error == 0 && record_index_ends(index) == 100 + (i + child) % SHARED_FILES;
            record_index_unref(index);
            reading_close(&reading);
            if (!right || atomic_load(&warnings) != 0)
                return 1;
        }
    return 0;
}

/* The lines are all at the end, and the files begin alike. */
static void write_shared_files(void)
{
    char *bytes = malloc(50 * KIB);
    assert_non_null(bytes);
    for (unsigned i = 0; i < SHARED_FILES; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "shared-%u", i);
        memset(bytes, 'x', 50 * KIB);
        memset(bytes + 20 * KIB, '\n', 100 + i);
        scratch_write(&world->scratch, name, bytes, 50 * KIB);
    }
    free(bytes);
}

static void test_processes_share_a_directory(void **state)
{
    enum { CHILDREN = 3 };
    pid_t children[CHILDREN];

    (void)state;
    assert_int_equal(fault_guard_install(), 0);
    write_shared_files();
    for (unsigned i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(index_again_and_again(i));
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(files_of(".lines", NULL), SHARED_FILES);
    assert_int_equal(files_of(".tmp", NULL), 0);
    uint64_t before = bytes_scanned(world);
    assert_int_equal(index_again_and_again(0), 0);
    assert_int_equal(bytes_scanned(world), before);
}

/*
 * An index that has grown by little is not written again: a log that grows would wear out a disk.
 */
static void test_small_growth_is_not_kept(void **state)
{
    struct random random = random_case(7);
    struct line_model model = write_text(8, 1000 * KIB);
    struct reading reading = open_text("text");
    char first[PATH_MAX];
    char second[PATH_MAX];

    (void)state;
    check_index_of(&indexes, &reading, &model);
    assert_int_equal(files_of(".lines", first), 1);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t length = i == 0 ? 10 * KIB : 20 * KIB;
        line_model_grow(&model, &random, length, 70);
        scratch_append(&world->scratch, "text", model.bytes + model.size - length, length);
        struct reading again = reading_again(&reading);
        check_index_of(&indexes, &again, &model);
        reading_close(&again);
        assert_int_equal(files_of(".lines", second), 1);
        assert_int_equal(strcmp(first, second) == 0, i == 0);
    }
    reading_close(&reading);
    line_model_free(&model);
}

int main(void)
{
#define DIRECTORY_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        DIRECTORY_TEST(test_a_directory_that_others_may_write_to),
        DIRECTORY_TEST(test_another_users_directory),
        DIRECTORY_TEST(test_errors_of_the_directory),
        DIRECTORY_TEST(test_files_without_a_name),
        DIRECTORY_TEST(test_below_a_regular_file),
        DIRECTORY_TEST(test_a_dangling_link),
        DIRECTORY_TEST(test_temporaries_of_the_dead),
        DIRECTORY_TEST(test_a_temporary_in_the_way),
        DIRECTORY_TEST(test_no_word_for_a_taken_name),
        DIRECTORY_TEST(test_a_link_in_the_way),
        DIRECTORY_TEST(test_a_probe_in_the_way),
        DIRECTORY_TEST(test_processes_share_a_directory),
        DIRECTORY_TEST(test_small_growth_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
