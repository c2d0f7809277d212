/* SPDX-License-Identifier: MIT */
/* fs/command/mountpoint: what a path leads to, and that a mount there is asked nothing. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fs/command/mountpoint.h"
#include "tests/unit/capture.h"

static const struct scratch *scratch;

/* The absolute path of a name in the scratch directory; it stays for a few more calls. */
static const char *at(const char *name)
{
    static char paths[8][2 * PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % LENGTH_OF(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", scratch->path, name);
    return path;
}

static int setup(void **state)
{
    if (scratch_setup(state) != 0)
        return -1;
    scratch = *state;
    assert_int_equal(mkdirat(scratch->directory, "a b", 0755), 0);
    assert_int_equal(mkdirat(scratch->directory, "a b/point", 0755), 0);
    assert_int_equal(symlinkat("a b", scratch->directory, "link"), 0);
    assert_int_equal(symlinkat("../link/point/", scratch->directory, "a b/to"), 0);
    assert_int_equal(symlinkat(at("a b/to"), scratch->directory, "far"), 0);
    assert_int_equal(symlinkat("circle", scratch->directory, "circle"), 0);
    assert_int_equal(symlinkat("nothing", scratch->directory, "dangling"), 0);
    return 0;
}

static void assert_leads(const char *path, const char *wanted)
{
    char *resolved = NULL;
    assert_int_equal(mountpoint_resolve(path, &resolved), 0);
    assert_string_equal(resolved, wanted);
    free(resolved);
}

static void assert_fails(const char *path, int error)
{
    char *resolved = NULL;
    assert_int_equal(mountpoint_resolve(path, &resolved), error);
    assert_null(resolved);
}

static void test_paths(void **state)
{
    char point[2 * PATH_MAX];
    int before = open(".", O_PATH | O_DIRECTORY);
    (void)state;

    (void)snprintf(point, sizeof(point), "%s", at("a b/point"));
    assert_leads(at("a b/point"), point);
    assert_leads(at("a b/point///"), point);
    assert_leads(at("a b/point/."), point);
    assert_leads(at("link/../link/./point/"), point);
    assert_leads(at("a b/to"), point);
    assert_leads(at("a b/to/"), point);
    assert_leads(at("far"), point);
    assert_leads(at("a b/point/.."), at("a b"));
    assert_leads("/", "/");
    assert_leads("//", "/");
    assert_leads("/proc", "/proc");
    assert_int_equal(fchdir(scratch->directory), 0);
    assert_leads("a b", at("a b"));
    assert_leads("./far", point);
    assert_leads(".", scratch->path);
    assert_leads("link/..", scratch->path);
    assert_int_equal(fchdir(before), 0);
    assert_int_equal(close(before), 0);
}

static void test_paths_that_lead_nowhere(void **state)
{
    (void)state;
    assert_fails("", -ENOENT);
    assert_fails(at("nothing"), -ENOENT);
    assert_fails(at("nothing/point"), -ENOENT);
    assert_fails(at("dangling"), -ENOENT);
    assert_fails(at("circle"), -ELOOP);
    scratch_write(scratch, "file", "x", 1);
    assert_leads(at("file"), at("file"));
    assert_fails(at("file/point"), -ENOTDIR);
}

/* What mountpoint_check_free() says. */
static const char *said_of(const char *path, int *status)
{
    struct capture capture = capture_begin(STDERR_FILENO);
    *status = mountpoint_check_free(path);
    return capture_end(&capture);
}

static void assert_free(const char *path)
{
    int status = -1;
    assert_string_equal(said_of(path, &status), "");
    assert_int_equal(status, 0);
}

/* Mounts a FUSE file system of this type that nobody serves. Returns its descriptor, or -1. */
static int mount_unserved(const char *type, const char *path)
{
    char data[128];
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    if (fuse < 0)
        return -1;
    (void)snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
    if (mount("/some where", path, type, MS_NOSUID | MS_NODEV, data) == 0)
        return fuse;
    (void)close(fuse);
    return -1;
}

/* A mount that never answers, and then one whose daemon is gone. */
static void test_a_mount_there(void **state)
{
    char wanted[4 * PATH_MAX];
    int status[2];
    (void)state;

    int fuse = mount_unserved("fuse.bigfs", at("a b/point"));
    if (fuse < 0)
        skip();
    char *silent = strdup(said_of(at("far"), &status[0]));
    assert_leads(at("a b/to/"), at("a b/point"));
    assert_int_equal(close(fuse), 0);
    char *dead = strdup(said_of(at("far"), &status[1]));
    assert_leads(at("a b/to/"), at("a b/point"));
    assert_int_equal(umount2(at("a b/point"), MNT_DETACH), 0);
    (void)snprintf(wanted, sizeof(wanted),
                   "bigfs: %s: bigfs is mounted there already (SOURCE /some where): unmount it "
                   "first: bigfs --unmount %s\n",
                   at("far"), at("far"));
    assert_string_equal(silent, wanted);
    assert_string_equal(dead, wanted);
    assert_int_equal(status[0], -1);
    assert_int_equal(status[1], -1);
    assert_free(at("far"));
    free(silent);
    free(dead);
}

/* Only the topmost mount counts, and only if it is bigfs. */
static void test_other_mounts(void **state)
{
    int status[2];
    (void)state;

    assert_free(at("nothing"));
    assert_free("/proc");
    int below = mount_unserved("fuse.bigfs", at("a b/point"));
    if (below < 0)
        skip();
    int above = mount_unserved("fuse.other", at("a b/point"));
    (void)said_of(at("a b/point"), &status[0]);
    assert_int_equal(umount2(at("a b/point"), MNT_DETACH), 0);
    (void)said_of(at("a b/point"), &status[1]);
    assert_int_equal(umount2(at("a b/point"), MNT_DETACH), 0);
    assert_true(above >= 0);
    assert_int_equal(close(above), 0);
    assert_int_equal(close(below), 0);
    assert_int_equal(status[0], 0);
    assert_int_equal(status[1], -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paths, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_paths_that_lead_nowhere, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_a_mount_there, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_other_mounts, setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
