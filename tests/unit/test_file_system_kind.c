/* SPDX-License-Identifier: MIT */
/* file_system_kind: the traits of each kind, and that others have none. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <unistd.h>

#include "core/file/file_system_kind.h"

enum { NFS_MAGIC = 0x6969, CIFS_MAGIC = 0x53, ZFS_MAGIC = 0x2fc12fc1 };

static void check(long magic, unsigned traits)
{
    static const enum file_system_trait each[] = {FILE_SYSTEM_LOCAL, FILE_SYSTEM_MAPPABLE,
                                                  FILE_SYSTEM_SECONDS, FILE_SYSTEM_COPIES_UP,
                                                  FILE_SYSTEM_LENDS_INODES};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    atomic_store(&pretended_file_system, magic);
    for (size_t i = 0; i < LENGTH_OF(each); i++)
        assert_int_equal(file_system_has(fd, each[i]), (traits & each[i]) != 0);
    assert_int_equal(close(fd), 0);
}

static void test_disks(void **state)
{
    const unsigned disk = FILE_SYSTEM_LOCAL | FILE_SYSTEM_MAPPABLE;
    (void)state;

    check(EXT4_SUPER_MAGIC, disk | FILE_SYSTEM_SECONDS);
    check(XFS_SUPER_MAGIC, disk);
    check(BTRFS_SUPER_MAGIC, disk);
    check(F2FS_SUPER_MAGIC, disk);
}

/* A touch through a mapping fills a hole, or this has never been tried. */
static void test_only_local(void **state)
{
    (void)state;
    check(TMPFS_MAGIC, FILE_SYSTEM_LOCAL);
    check(RAMFS_MAGIC, FILE_SYSTEM_LOCAL);
    check(SQUASHFS_MAGIC, FILE_SYSTEM_LOCAL);
    check(ISOFS_SUPER_MAGIC, FILE_SYSTEM_LOCAL);
    check(MSDOS_SUPER_MAGIC, FILE_SYSTEM_LOCAL);
}

static void test_served(void **state)
{
    static const long others[] = {NFS_MAGIC, CIFS_MAGIC,      V9FS_MAGIC, AFS_SUPER_MAGIC,
                                  ZFS_MAGIC, HUGETLBFS_MAGIC, 1};
    (void)state;

    check(FUSE_SUPER_MAGIC, FILE_SYSTEM_MAPPABLE | FILE_SYSTEM_LENDS_INODES);
    check(OVERLAYFS_SUPER_MAGIC, FILE_SYSTEM_COPIES_UP);
    for (size_t i = 0; i < LENGTH_OF(others); i++)
        check(others[i], 0);
}

static void test_no_answer(void **state)
{
    (void)state;
    check(-EIO, 0);
    check(-EINTR, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disks),
        cmocka_unit_test(test_only_local),
        cmocka_unit_test(test_served),
        cmocka_unit_test(test_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
