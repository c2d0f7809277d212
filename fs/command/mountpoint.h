/* SPDX-License-Identifier: MIT */
/*
 * A MOUNTPOINT as it is given, and what is mounted there. What is mounted is asked nothing, as its
 * daemon may be dead or may not answer. Only the directories above it are looked at.
 */
#ifndef BIGFS_FS_COMMAND_MOUNTPOINT_H
#define BIGFS_FS_COMMAND_MOUNTPOINT_H

#include <stdbool.h>

#include "core/file/mount_table.h"

/*
 * Makes the path absolute and without symbolic links. A slash at its end makes no difference.
 * *resolved is the caller's to free. Returns 0 or -errno, as realpath(3). Blocks as that does for
 * the directory that the path is in.
 */
int mountpoint_resolve(const char *path, char **resolved);

/* Whether a mount is one of bigfs, alive or dead. */
bool mountpoint_is_ours(const struct mount_description *mount);

/*
 * Checks that no bigfs is mounted at the path yet. Returns 0, also if the path cannot be resolved,
 * or -1 after one line on standard error. Blocks as mountpoint_resolve().
 */
int mountpoint_check_free(const char *path);

#endif
