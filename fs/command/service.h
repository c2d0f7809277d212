/* SPDX-License-Identifier: MIT */
/* Serves a mount from the first request to the last, and ends it in good order. */
#ifndef BIGFS_FS_COMMAND_SERVICE_H
#define BIGFS_FS_COMMAND_SERVICE_H

#include "fs/command/mount.h"

/*
 * Serves a mount whose session is mounted and whose crew is prepared, until it is unmounted, one of
 * the signals of fs/command/signals.h comes, or the process that waits for this one is killed. When
 * it returns, nothing is mounted, received or worked on, and every request under way that could end
 * in time has been answered.
 *
 * Returns 0, or -errno if it could not start or continue. It never returns if a thread is stuck in
 * the kernel. See fs/command/departure.h, whose time limit is running on return.
 */
int service_run(struct mount *mount);

#endif
