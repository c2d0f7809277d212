/* SPDX-License-Identifier: MIT */
/*
 * What is known about each kind of file system, by the f_type that statfs(2) returns.
 *
 * Nothing is known about a kind that is not in the table: it has no traits, and callers take the
 * careful way.
 */
#ifndef BIGFS_CORE_FILE_FILE_SYSTEM_KIND_H
#define BIGFS_CORE_FILE_FILE_SYSTEM_KIND_H

#include <stdbool.h>

enum file_system_trait {
    /*
     * The attributes that the kernel has cached are right: no other host, and no program that
     * serves the file system, can have changed them.
     */
    FILE_SYSTEM_LOCAL = 1 << 0,

    /*
     * A mapping shows what a read would return, and does not change the file
     * (core/file/mappable.h). This holds on disks, and on FUSE, which drops pages as soon as it
     * learns of a change. It may not hold elsewhere:
     *
     *     tmpfs, ramfs, hugetlbfs   a touch through a mapping fills a hole
     *     overlayfs                 a mapping shows the lower file, even after it was copied up
     *     NFS, CIFS, 9p, AFS        a read asks whether pages are out of date; a mapping asks only
     *                               when it is made
     *     ZFS                       a mapping keeps copies beside the file system's own cache
     */
    FILE_SYSTEM_MAPPABLE = 1 << 1,

    /* Time stamps without nanoseconds count whole seconds, not two as on FAT. */
    FILE_SYSTEM_SECONDS = 1 << 2,

    /* A copy-up changes inode and birth time. */
    FILE_SYSTEM_COPIES_UP = 1 << 3,

    /*
     * Inode numbers may be given to files in the order in which they are looked up, as sshfs does.
     * Then another mount, or another host, has the same number for another file.
     */
    FILE_SYSTEM_LENDS_INODES = 1 << 4,
};

/*
 * Whether the file system that `fd` is on is of a kind with this trait; false if not known. Blocks
 * as statfs(2) does. Thread-safe.
 */
bool file_system_has(int fd, enum file_system_trait trait);

#endif
