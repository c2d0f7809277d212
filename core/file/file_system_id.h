/*
 * Which file system a file is on: a name for it that outlives a mount, and is the same on all hosts
 * that share it, as far as it has one.
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
 * The UUID of the file system of an open file, or else what statfs(2) says. Of btrfs, where inode
 * numbers are of a subvolume, always the latter, which tells subvolumes apart. Blocks as statfs(2)
 * does. Thread-safe.
 */
struct file_system_id file_system_id_of(int fd);

bool file_system_id_equal(const struct file_system_id *a, const struct file_system_id *b);

#endif
