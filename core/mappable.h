/*
 * Whether a file may be looked at through a mapping (core/window.h).
 *
 * A mapping must show what a read would give, and must leave the file as it is. That is so on disks
 * (ext2 to ext4, XFS, btrfs, F2FS) and on FUSE, which throws pages away as soon as it learns of a
 * change. Elsewhere it may not be, and files are copied:
 *
 *     tmpfs, ramfs, hugetlbfs   a touch through a mapping fills a hole
 *     overlayfs                 a mapping shows the lower file, even after the file was copied up
 *     NFS, CIFS, 9p, AFS        a read asks whether pages are out of date; a mapping asks only
 *                               when it is made
 *     ZFS                       a mapping keeps copies beside the file system's own cache
 */
#ifndef BIGFS_CORE_MAPPABLE_H
#define BIGFS_CORE_MAPPABLE_H

#include <stdatomic.h>
#include <stdbool.h>

/* What is known of a file; zeros: nothing. */
struct mappable {
    atomic_int answer;
};

/*
 * Whether the file may be mapped, of which `fd` is a descriptor; false if it cannot be found out.
 * The first question asks the file system, and may block as that does. Thread-safe.
 */
bool mappable_ask(struct mappable *mappable, int fd);

#endif
