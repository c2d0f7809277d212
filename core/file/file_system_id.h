/* SPDX-License-Identifier: MIT */
/*
 * An identifier of the file system that a file is on. It outlives a mount and is the same on all
 * hosts that share the file system. Some file systems have none.
 */
#ifndef BIGFS_CORE_FILE_FILE_SYSTEM_ID_H
#define BIGFS_CORE_FILE_FILE_SYSTEM_ID_H

#include <stdbool.h>
#include <stdint.h>

/* Both 0: it has none (NFS and most FUSE file systems). */
struct file_system_id {
    uint64_t words[2];
};

/*
 * The UUID of the file system of an open file, or else the f_fsid of statfs(2). For btrfs it is
 * always the latter, which differs between subvolumes, as inode numbers are per subvolume. Blocks
 * as statfs(2) does. Thread-safe.
 */
struct file_system_id file_system_id_of(int fd);

bool file_system_id_equal(const struct file_system_id *a, const struct file_system_id *b);

#endif
