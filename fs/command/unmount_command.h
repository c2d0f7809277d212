/* SPDX-License-Identifier: MIT */
/* bigfs --unmount MOUNTPOINT: ends a mount, whether its daemon lives or not. */
#ifndef BIGFS_FS_COMMAND_UNMOUNT_COMMAND_H
#define BIGFS_FS_COMMAND_UNMOUNT_COMMAND_H

#include "fs/command/option_values.h"

/*
 * Unmounts the bigfs at options->mountpoint, the topmost mount if several are there, and waits
 * until it is gone. Nothing else is unmounted. The mount is asked nothing. Returns the exit status:
 * 0, or EXIT_FAILURE after one line on standard error.
 */
int unmount_command(const struct options *options);

#endif
