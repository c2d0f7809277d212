/* SPDX-License-Identifier: MIT */
/* fs/command/paths: SOURCE, MOUNTPOINT and the index directory, on real directories. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fs/command/paths.h"
#include "tests/unit/capture.h"

enum { NOBODY = 65534 };

static const struct scratch *scratch;

/* Paths */

/* The absolute path of a name in the scratch directory; it stays for a few more calls. */
static const char *at(const char *name)
{
    static char paths[16][2 * PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % LENGTH_OF(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", scratch->path, name);
    return path;
}

static void make_directory(const char *name)
{
    assert_int_equal(mkdirat(scratch->directory, name, 0755), 0);
}

static void make_file(const char *name)
{
    scratch_write(scratch, name, "x", 1);
}

static void make_link(const char *name, const char *target)
{
    assert_int_equal(symlinkat(target, scratch->directory, name), 0);
}

static int setup(void **state)
{
    if (scratch_setup(state) != 0)
        return -1;
    scratch = *state;
    make_directory("source");
    make_directory("source/inner");
    make_directory("point");
    make_file("source/file");
    return 0;
}

static void free_paths(struct paths *paths)
{
    free(paths->source);
    free(paths->mountpoint);
    free(paths->single);
}

/* Checks */

static void assert_good(const char *source, const char *mountpoint, const struct paths *wanted)
{
    struct paths paths;
    struct capture capture = capture_begin(STDERR_FILENO);
    int error = paths_check(source, mountpoint, &paths);

    assert_string_equal(capture_end(&capture), "");
    assert_int_equal(error, 0);
    assert_string_equal(paths.source, wanted->source);
    assert_string_equal(paths.mountpoint, wanted->mountpoint);
    assert_int_equal(paths.single == NULL, wanted->single == NULL);
    if (wanted->single != NULL)
        assert_string_equal(paths.single, wanted->single);
    free_paths(&paths);
}

/* The message is `about`, as the user gave it, and `what`. */
static void assert_bad(const char *source, const char *mountpoint, const char *about,
                       const char *what)
{
    struct paths paths = {(char *)"", (char *)"", (char *)""};
    struct capture capture = capture_begin(STDERR_FILENO);
    int error = paths_check(source, mountpoint, &paths);
    const char *said = capture_end(&capture);
    char wanted[3 * PATH_MAX];

    (void)snprintf(wanted, sizeof(wanted), "bigfs: %s: %s\n", about, what);
    assert_string_equal(said, wanted);
    assert_int_equal(error, -1);
    assert_true(paths.source == NULL && paths.mountpoint == NULL && paths.single == NULL);
}

/* Absolute, without links, dots and slashes too many. */
static void test_directories(void **state)
{
    struct paths wanted = {strdup(at("source")), strdup(at("point")), NULL};
    (void)state;

    make_link("link", "source");
    make_link("link2", at("point"));
    assert_good(at("source"), at("point"), &wanted);
    assert_good(at("link"), at("link2"), &wanted);
    assert_good(at("source/inner/..//./"), at("source/../point/"), &wanted);
    free(wanted.source);
    free(wanted.mountpoint);
}

static void test_relative_paths(void **state)
{
    struct paths wanted = {strdup(at("source")), strdup(at("point")), NULL};
    int before = open(".", O_PATH | O_DIRECTORY);
    (void)state;

    assert_int_equal(fchdir(scratch->directory), 0);
    assert_good("source", "./point", &wanted);
    assert_bad("source/../nothing", "point", "source/../nothing",
               "does not exist: give an existing directory or file as SOURCE");
    assert_int_equal(fchdir(before), 0);
    assert_int_equal(close(before), 0);
    free(wanted.source);
    free(wanted.mountpoint);
}

/* One file: the name is the file's own, whatever links lead to it. */
static void test_single_file(void **state)
{
    struct paths wanted = {strdup(at("source/file")), strdup(at("point")), (char *)"file"};
    (void)state;

    make_link("link", "source/file");
    assert_good(at("source/file"), at("point"), &wanted);
    assert_good(at("link"), at("point"), &wanted);
    free(wanted.mountpoint);
    assert_bad(at("source/file"), at("source"), at("source"),
               "SOURCE and MOUNTPOINT lie inside each other: give a MOUNTPOINT outside of SOURCE");
    wanted.mountpoint = strdup(at("source/inner"));
    assert_good(at("source/file"), at("source/inner"), &wanted);
    free(wanted.source);
    free(wanted.mountpoint);
}

static void test_missing(void **state)
{
    static const char source[] = "does not exist: give an existing directory or file as SOURCE";
    static const char mountpoint[] = "does not exist: create it with mkdir";
    (void)state;

    make_link("dangling", "nowhere");
    assert_bad(at("no"), at("point"), at("no"), source);
    assert_bad(at("dangling"), at("point"), at("dangling"), source);
    assert_bad("", at("point"), "", source);
    assert_bad(at("source"), at("no"), at("no"), mountpoint);
    assert_bad(at("source"), at("no/where"), at("no/where"), mountpoint);
    assert_bad(at("source"), at("dangling"), at("dangling"), mountpoint);
    assert_bad(at("source"), "", "", mountpoint);
    assert_bad(at("no"), at("no"), at("no"), source); /* the first of two */
}

static void test_of_the_wrong_kind(void **state)
{
    static const char wrong[] = "is neither a directory nor a regular file: give one as SOURCE";
    (void)state;

    assert_int_equal(mkfifoat(scratch->directory, "fifo", 0644), 0);
    make_link("null", "/dev/null");
    assert_bad(at("fifo"), at("point"), at("fifo"), wrong);
    assert_bad("/dev/null", at("point"), "/dev/null", wrong);
    assert_bad(at("null"), at("point"), at("null"), wrong);
    assert_bad(at("source"), at("source/file"), at("source/file"),
               "is not a directory: give a directory as MOUNTPOINT");
    assert_bad(at("source/file/x"), at("point"), at("source/file/x"),
               "Not a directory: check the path");
    assert_bad(at("source"), at("fifo/"), at("fifo/"), "Not a directory: check the path");
}

static void test_unreachable(void **state)
{
    char name[301] = {0};
    (void)state;

    memset(name, 'n', sizeof(name) - 1);
    make_link("loop", "loop");
    assert_bad(at("loop"), at("point"), at("loop"),
               "Too many levels of symbolic links: check the symbolic links on the path");
    assert_bad(at(name), at("point"), at(name), "File name too long: give a shorter path");
    assert_bad(at("source"), at(name), at(name), "File name too long: give a shorter path");
}

/* A name in a message is escaped. */
static void test_control_characters(void **state)
{
    char shown[2 * PATH_MAX];
    (void)state;

    (void)snprintf(shown, sizeof(shown), "%s/a\\nb\\x1b[m\\\\", scratch->path);
    assert_bad(at("a\nb\033[m\\"), at("point"), shown,
               "does not exist: give an existing directory or file as SOURCE");
}

static void test_inside_each_other(void **state)
{
    static const char inside[] =
        "SOURCE and MOUNTPOINT lie inside each other: give a MOUNTPOINT outside of SOURCE";
    (void)state;

    make_directory("point/below");
    make_file("point/below/file");
    make_link("link", "source/inner");
    make_link("source/out", "../point");
    assert_bad(at("source"), at("source/inner"), at("source/inner"), inside);
    assert_bad(at("source"), at("source"), at("source"), inside);
    assert_bad(at("source"), at("source/"), at("source/"), inside);
    assert_bad(at("source"), at("link"), at("link"), inside);
    assert_bad(at("point/below"), at("point"), at("point"), inside);
    assert_bad(at("point/below/file"), at("point"), at("point"), inside);
    assert_bad("/", at("point"), at("point"), inside);
    if (geteuid() == 0) { /* no other user may write there */
        assert_bad(at("source"), "/", "/", inside);
        assert_bad(at("source/file"), "/", "/", inside);
    }
    struct paths wanted = {strdup(at("source")), strdup(at("point")), NULL};
    assert_good(at("source"), at("source/out"), &wanted); /* leads out of it */
    free(wanted.source);
    free(wanted.mountpoint);
}

/* A name that starts with the other one is a neighbour. */
static void test_neighbours(void **state)
{
    (void)state;
    make_directory("source2");
    make_directory("sourc");
    struct paths wanted = {strdup(at("source")), strdup(at("source2")), NULL};
    assert_good(at("source"), at("source2"), &wanted);
    free(wanted.mountpoint);
    wanted.mountpoint = strdup(at("sourc"));
    assert_good(at("source"), at("sourc"), &wanted);
    free(wanted.source);
    free(wanted.mountpoint);
}

/* Rights */

/* Becomes the user, or root again. */
static void become(uid_t user)
{
    assert_int_equal(seteuid(user), 0);
}

/* Changes the mode of a directory of root's: these rights for all others, be they of its group. */
static void let_others(const char *name, mode_t rights)
{
    assert_int_equal(chmod(at(name), 0700 | rights << 3 | rights), 0);
}

/* Skips the test if the user `nobody` does not exist or cannot reach the scratch directory. */
static void require_another_user(void)
{
    if (geteuid() != 0)
        skip();
    assert_int_equal(fchmod(scratch->directory, 0755), 0);
    become(NOBODY);
    bool reachable = faccessat(AT_FDCWD, scratch->path, X_OK, AT_EACCESS) == 0;
    become(0);
    if (!reachable)
        skip();
}

static void assert_bad_for_nobody(const char *source, const char *mountpoint, const char *about,
                                  const char *what)
{
    become(NOBODY);
    assert_bad(source, mountpoint, about, what);
    become(0);
}

static void test_sources_that_cannot_be_read(void **state)
{
    static const char closed[] = "cannot be read: mount it as a user who may read it";
    (void)state;

    require_another_user();
    assert_int_equal(chown(at("point"), NOBODY, NOBODY), 0);
    for (mode_t rights = 0; rights < 5; rights++) { /* without r or without x */
        let_others("source", rights);
        assert_bad_for_nobody(at("source"), at("point"), at("source"), closed);
    }
    assert_int_equal(chmod(at("source"), 0755), 0);
    assert_int_equal(chmod(at("source/file"), 0600), 0);
    assert_bad_for_nobody(at("source/file"), at("point"), at("source/file"), closed);
    assert_int_equal(chmod(at("source"), 0700), 0);
    assert_bad_for_nobody(at("source/file"), at("point"), at("source/file"),
                          "Permission denied: run bigfs as a user who may do that");
}

static void test_mountpoints_that_cannot_be_written(void **state)
{
    (void)state;
    require_another_user();
    assert_int_equal(chmod(at("source"), 0755), 0);
    for (mode_t rights = 0; rights < 7; rights++) { /* without w or without x */
        if (rights == 3)
            continue;
        let_others("point", rights);
        assert_bad_for_nobody(at("source"), at("point"), at("point"),
                              "cannot be written to: give a directory of your own as MOUNTPOINT");
    }
    struct paths wanted = {strdup(at("source")), strdup(at("point")), NULL};
    assert_good(at("source"), at("point"), &wanted); /* root may mount anywhere */
    assert_int_equal(chown(at("point"), NOBODY, NOBODY), 0);
    become(NOBODY);
    assert_good(at("source"), at("point"), &wanted);
    become(0);
    free(wanted.source);
    free(wanted.mountpoint);
}

/* Root needs no right to write there, and the file system need not let it. */
static void test_a_read_only_mountpoint(void **state)
{
    (void)state;
    if (mount("tmpfs", at("point"), "tmpfs", MS_RDONLY, NULL) != 0)
        skip();
    struct paths paths = {NULL, NULL, NULL};
    int error = paths_check(at("source"), at("point"), &paths);
    assert_int_equal(umount2(at("point"), MNT_DETACH), 0);
    assert_int_equal(error, 0);
    free_paths(&paths);
}

/* A FUSE mount whose daemon is gone. */
static void test_a_dead_mount(void **state)
{
    static const char dead[] = "the mount there is dead: run fusermount3 -u on it first";
    char data[128];
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    (void)state;

    if (fuse < 0)
        skip();
    (void)snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
    if (mount("dead", at("point"), "fuse", MS_NOSUID | MS_NODEV, data) != 0) {
        (void)close(fuse);
        skip();
    }
    assert_int_equal(close(fuse), 0);
    struct stat attributes;
    bool is_dead = stat(at("point"), &attributes) != 0 && errno == ENOTCONN;
    struct paths paths;
    struct capture capture = capture_begin(STDERR_FILENO);
    int as_mountpoint = paths_check(at("source"), at("point"), &paths);
    int as_source = paths_check(at("point"), at("source"), &paths);
    const char *said = capture_end(&capture);
    assert_int_equal(umount2(at("point"), MNT_DETACH), 0);
    assert_true(is_dead);
    char wanted[4 * PATH_MAX];
    (void)snprintf(wanted, sizeof(wanted), "bigfs: %s: %s\nbigfs: %s: %s\n", at("point"), dead,
                   at("point"), dead);
    assert_string_equal(said, wanted);
    assert_int_equal(as_mountpoint, -1);
    assert_int_equal(as_source, -1);
}

/* The index directory */

static struct paths good_paths(void)
{
    return (struct paths){strdup(at("source/file")), strdup(at("point")), strdup("file")};
}

/* Checks an index directory. Returns the message; *kept: the directory that is left, or NULL. */
static const char *check_index_dir(const char *directory, bool given, char **kept)
{
    struct paths paths = good_paths();
    struct options options = {.index_dir_given = given,
                              .settings.index_dir = directory != NULL ? strdup(directory) : NULL};
    struct capture capture = capture_begin(STDERR_FILENO);
    int error = paths_check_index_dir(&paths, &options);
    const char *said = capture_end(&capture);

    assert_int_equal(error, said[0] != '\0' ? -1 : 0);
    assert_int_equal(paths.source == NULL, error != 0);
    assert_int_equal(paths.mountpoint == NULL, error != 0);
    assert_int_equal(paths.single == NULL, error != 0);
    free_paths(&paths);
    *kept = options.settings.index_dir;
    return said;
}

static void assert_index_dir_kept(const char *directory)
{
    for (int given = 0; given < 2; given++) {
        char *kept = NULL;
        assert_string_equal(check_index_dir(directory, given != 0, &kept), "");
        assert_string_equal(kept, directory);
        free(kept);
    }
}

static void assert_index_dir_inside(const char *directory)
{
    char wanted[3 * PATH_MAX];
    char *kept = NULL;

    (void)snprintf(wanted, sizeof(wanted),
                   "bigfs: --index-dir=%s: leads into MOUNTPOINT: give a directory outside of "
                   "it\n",
                   directory);
    assert_string_equal(check_index_dir(directory, true, &kept), wanted);
    free(kept);
    assert_string_equal(check_index_dir(directory, false, &kept), "");
    assert_null(kept); /* the default is given up */
}

static void test_index_dirs(void **state)
{
    char *kept = NULL;
    (void)state;

    make_directory("point/below");
    make_directory("pointless");
    make_link("into", "point/below");
    make_link("point/out", "../source");
    assert_index_dir_kept(at("source"));
    assert_index_dir_kept(at("pointless"));
    assert_index_dir_kept(at("no/such/directory"));
    assert_index_dir_kept("/");
    assert_index_dir_kept("/no-such-directory/below");
    assert_index_dir_inside(at("point"));
    assert_index_dir_inside(at("point/below"));
    assert_index_dir_inside(at("point/no/such/directory"));
    assert_index_dir_inside(at("into"));
    assert_index_dir_inside(at("point/out")); /* out of it now, and into it once it is mounted on */
    assert_index_dir_inside(at("point/out/missing"));
    assert_index_dir_inside(at("into/missing"));
    assert_index_dir_inside(at("source/../point/x"));
    assert_string_equal(check_index_dir(NULL, true, &kept), "");
    assert_null(kept);
}

#define PATHS_TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PATHS_TEST(test_directories),
        PATHS_TEST(test_relative_paths),
        PATHS_TEST(test_single_file),
        PATHS_TEST(test_missing),
        PATHS_TEST(test_of_the_wrong_kind),
        PATHS_TEST(test_unreachable),
        PATHS_TEST(test_control_characters),
        PATHS_TEST(test_inside_each_other),
        PATHS_TEST(test_neighbours),
        PATHS_TEST(test_sources_that_cannot_be_read),
        PATHS_TEST(test_mountpoints_that_cannot_be_written),
        PATHS_TEST(test_a_read_only_mountpoint),
        PATHS_TEST(test_a_dead_mount),
        PATHS_TEST(test_index_dirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
