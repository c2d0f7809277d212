/* SPDX-License-Identifier: MIT */
/* mappable: only files on disks are mapped; each file's file system is asked once. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <unistd.h>

#include "core/file/mappable.h"

enum { NFS_MAGIC = 0x6969, CIFS_MAGIC = 0x53, ZFS_MAGIC = 0x2fc12fc1 };

static bool ask(long file_system)
{
    struct mappable mappable = {0};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    atomic_store(&pretended_file_system, file_system);
    bool may = mappable_ask(&mappable, fd);
    unsigned before = atomic_load(&file_system_questions);
    assert_int_equal(mappable_ask(&mappable, fd), may);
    assert_int_equal(atomic_load(&file_system_questions), before);
    assert_int_equal(close(fd), 0);
    return may;
}

static void test_disks(void **state)
{
    (void)state;
    assert_true(ask(EXT4_SUPER_MAGIC));
    assert_true(ask(XFS_SUPER_MAGIC));
    assert_true(ask(BTRFS_SUPER_MAGIC));
    assert_true(ask(F2FS_SUPER_MAGIC));
    assert_true(ask(FUSE_SUPER_MAGIC));
}

static void test_others(void **state)
{
    static const long others[] = {TMPFS_MAGIC,     RAMFS_MAGIC,
                                  HUGETLBFS_MAGIC, OVERLAYFS_SUPER_MAGIC,
                                  NFS_MAGIC,       CIFS_MAGIC,
                                  V9FS_MAGIC,      AFS_SUPER_MAGIC,
                                  ZFS_MAGIC,       1};
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(others); i++)
        assert_false(ask(others[i]));
}

static void test_no_answer(void **state)
{
    (void)state;
    assert_false(ask(-EIO));
    assert_false(ask(-EINTR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disks),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
