/* SPDX-License-Identifier: MIT */
#include "core/file/file_system_kind.h"

#include <linux/magic.h>
#include <stddef.h>
#include <sys/vfs.h>

enum {
    DISK = FILE_SYSTEM_LOCAL | FILE_SYSTEM_MAPPABLE,
};

static const struct kind {
    unsigned long magic;
    unsigned traits;
} kinds[] = {
    {EXT4_SUPER_MAGIC, DISK | FILE_SYSTEM_SECONDS}, /* ext2 and ext3 too */
    {XFS_SUPER_MAGIC, DISK},
    {BTRFS_SUPER_MAGIC, DISK},
    {F2FS_SUPER_MAGIC, DISK},
    {TMPFS_MAGIC, FILE_SYSTEM_LOCAL},
    {RAMFS_MAGIC, FILE_SYSTEM_LOCAL},
    {SQUASHFS_MAGIC, FILE_SYSTEM_LOCAL},
    {ISOFS_SUPER_MAGIC, FILE_SYSTEM_LOCAL},
    {MSDOS_SUPER_MAGIC, FILE_SYSTEM_LOCAL},
    {FUSE_SUPER_MAGIC, FILE_SYSTEM_MAPPABLE | FILE_SYSTEM_LENDS_INODES},
    {OVERLAYFS_SUPER_MAGIC, FILE_SYSTEM_COPIES_UP},
};

bool file_system_has(int fd, enum file_system_trait trait)
{
    struct statfs told;

    if (fstatfs(fd, &told) != 0)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].magic == (unsigned long)told.f_type)
            return (kinds[i].traits & trait) != 0;
    return false;
}
