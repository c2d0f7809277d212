/* SPDX-License-Identifier: MIT */
/* bigfs SOURCE MOUNTPOINT: the life of one mount. */
#ifndef BIGFS_FS_COMMAND_MOUNT_COMMAND_H
#define BIGFS_FS_COMMAND_MOUNT_COMMAND_H

#include "fs/command/option_values.h"
#include "fs/command/paths.h"

/*
 * Mounts, serves until the mount is unmounted or a signal comes, and unmounts. Without
 * options->foreground it does so in a new process and ends the calling one when the mount answers.
 * Takes over *paths. Returns the exit status, after a line on standard error if it is not 0.
 */
int mount_command(struct options *options, struct paths *paths);

#endif
