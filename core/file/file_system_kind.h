/*
 * What is known of each kind of file system: by its number, as statfs(2) tells it.
 *
 * Of a kind that is not in the table nothing is known, and what follows is the careful way.
 */
#ifndef BIGFS_CORE_FILE_FILE_SYSTEM_KIND_H
#define BIGFS_CORE_FILE_FILE_SYSTEM_KIND_H

#include <stdbool.h>

enum file_system_trait {
    /*
     * The attributes that the kernel has of a file are right: no other host, and no program that
     * serves the file system, can have changed them.
     */
    FILE_SYSTEM_LOCAL = 1 << 0,

    /*
     * A mapping shows what a read would give, and leaves the file as it is (core/file/mappable.h).
     * So it is on disks and on FUSE, which throws pages away as soon as it learns of a change.
     * Elsewhere it may not be:
     *
     *     tmpfs, ramfs, hugetlbfs   a touch through a mapping fills a hole
     *     overlayfs                 a mapping shows the lower file, even after it was copied up
     *     NFS, CIFS, 9p, AFS        a read asks whether pages are out of date; a mapping asks only
     *                               when it is made
     *     ZFS                       a mapping keeps copies beside the file system's own cache
     */
    FILE_SYSTEM_MAPPABLE = 1 << 1,

    /* Time stamps without nanoseconds are of whole seconds, and not of two as on FAT. */
    FILE_SYSTEM_SECONDS = 1 << 2,

    /* A copy-up changes inode and birth time. */
    FILE_SYSTEM_COPIES_UP = 1 << 3,
};

/*
 * Whether the file system that `fd` is on is of a kind with this trait; false if it is not known.
 * Asks the file system, and blocks as statfs(2) does. Thread-safe.
 */
bool file_system_has(int fd, enum file_system_trait trait);

#endif
