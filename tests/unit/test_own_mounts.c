/* SPDX-License-Identifier: MIT */
/* mount_table, own_mounts and beneath, with /proc in the place of a bigfs mount. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/file/beneath.h"
#include "core/file/mount_table.h"
#include "core/file/own_mounts.h"

static dev_t device_of(const char *path)
{
    struct stat attributes;
    assert_int_equal(stat(path, &attributes), 0);
    return attributes.st_dev;
}

static void test_what_is_mounted(void **state)
{
    dev_t device = 0;

    (void)state;
    assert_true(mount_table_find(-1, "/proc", &device));
    assert_int_equal(device, device_of("/proc"));
    assert_true(mount_table_has(-1, device));
    assert_false(mount_table_has(-1, makedev(0xfff, 0xfffff)));
    assert_false(mount_table_find(-1, "/proc/self", &device));
    assert_false(mount_table_find(-1, "/proc/", &device));
}

static void test_a_description(void **state)
{
    struct mount_description found;

    (void)state;
    assert_int_equal(mount_table_describe(-1, "/proc", &found), 0);
    assert_string_equal(found.type, "proc");
    assert_true(found.id > 0);
    struct stat root;
    assert_int_equal(stat("/proc", &root), 0);
    assert_true(found.device == root.st_dev);
    mount_description_free(&found);
    assert_int_equal(mount_table_describe(-1, "/proc/self", &found), -ENOENT);
}

static int check(struct own_mounts *mounts, const char *directory, const char *name)
{
    int fd = open(directory, O_PATH | O_CLOEXEC);
    assert_true(fd >= 0);
    int result = own_mounts_check(mounts, fd, name);
    assert_int_equal(close(fd), 0);
    return result;
}

static void test_known_by_kind(void **state)
{
    struct own_mounts mounts;

    (void)state;
    own_mounts_init(&mounts, "proc");
    assert_false(own_mounts_possible(&mounts)); /* which is the own one is not known yet */
    own_mounts_set(&mounts, "/nowhere", device_of("/proc"));
    assert_true(own_mounts_possible(&mounts));
    assert_int_equal(check(&mounts, "/proc", ""), -MET_OURSELVES);
    assert_int_equal(check(&mounts, "/proc/self/stat", ""), -MET_OURSELVES);
    assert_int_equal(check(&mounts, "/", "proc"), -MET_OURSELVES);
    assert_int_equal(check(&mounts, "/", ""), 0);
    assert_int_equal(check(&mounts, "/", "no such name"), -ENOENT);
    own_mounts_destroy(&mounts);
}

/*
 * If there is no mount of the kind, there is nothing to look for; the own device is known anyway.
 */
static void test_known_by_device(void **state)
{
    struct own_mounts mounts;

    (void)state;
    own_mounts_init(&mounts, "no-such-kind");
    assert_false(own_mounts_possible(&mounts));
    assert_int_equal(check(&mounts, "/proc", ""), 0);
    own_mounts_set(&mounts, "/proc", device_of("/proc"));
    assert_int_equal(check(&mounts, "/proc", ""), -MET_OURSELVES);
    own_mounts_destroy(&mounts);
}

static void check_open(const struct beneath *beneath, const char *path, int flags, int wanted)
{
    int fd = beneath_open(beneath, path, flags);
    assert_int_equal(fd < 0 ? fd : 0, wanted);
    if (fd >= 0)
        assert_int_equal(close(fd), 0);
}

static void test_paths(void **state)
{
    struct own_mounts mounts;
    struct stat attributes;

    (void)state;
    own_mounts_init(&mounts, "proc");
    own_mounts_set(&mounts, "/nowhere", device_of("/proc"));
    struct beneath beneath = {.directory = open("/", O_PATH | O_CLOEXEC), .own = &mounts};
    static const char *const own[] = {"proc", "proc/1", "proc/1/stat", "proc/no such name/at all"};
    for (size_t i = 0; i < LENGTH_OF(own); i++) {
        check_open(&beneath, own[i], O_RDONLY, -MET_OURSELVES);
        check_open(&beneath, own[i], O_PATH | O_NOFOLLOW, -MET_OURSELVES);
        assert_int_equal(beneath_stat(&beneath, own[i], &attributes), -MET_OURSELVES);
    }
    /* Other mounts can be crossed, and have the same errors as before. */
    check_open(&beneath, "dev/null", O_RDONLY, 0);
    check_open(&beneath, "dev/shm", O_RDONLY | O_DIRECTORY, 0);
    check_open(&beneath, "dev/no such name", O_RDONLY, -ENOENT);
    check_open(&beneath, "dev/null/x", O_RDONLY, -ENOTDIR);
    check_open(&beneath, "dev/fd/0", O_RDONLY, -ELOOP); /* dev/fd is a symbolic link */
    check_open(&beneath, "dev/fd", O_RDONLY, -ELOOP);
    check_open(&beneath, "dev/fd", O_PATH | O_NOFOLLOW, 0);
    check_open(&beneath, "", O_RDONLY | O_DIRECTORY, 0);
    assert_int_equal(close(beneath.directory), 0);
    own_mounts_destroy(&mounts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_mounted), cmocka_unit_test(test_a_description),
        cmocka_unit_test(test_known_by_kind),   cmocka_unit_test(test_known_by_device),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
