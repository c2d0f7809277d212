/* SPDX-License-Identifier: MIT */
/*
 * fusermount3(1), for users whom the kernel does not allow to unmount. It knows what each user has
 * mounted.
 */
#ifndef BIGFS_FS_COMMAND_FUSERMOUNT_H
#define BIGFS_FS_COMMAND_FUSERMOUNT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Unmounts what is mounted at an absolute path; if `lazy`, also if it is in use. `said`, which has
 * `room` bytes, becomes what it wrote on standard error; NULL: it is quiet. Returns 0, -EPERM if it
 * refused, or why it could not be run or waited for. Blocks until it ends.
 */
int fusermount_unmount(const char *mountpoint, bool lazy, char *said, size_t room);

#endif
