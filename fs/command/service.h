/* Serving a mount, from the first request to the last, and ending it in good order. */
#ifndef BIGFS_FS_COMMAND_SERVICE_H
#define BIGFS_FS_COMMAND_SERVICE_H

#include "fs/command/mount.h"

/*
 * Serves a mount whose session is mounted and whose crew is prepared, until it is unmounted, one of
 * the signals of fs/command/signals.h comes, or the process that waits for this one is killed. Then
 * nothing is mounted any more, nothing is received, and nothing works: of what was under way,
 * everything that ends in time has been answered.
 *
 * Returns 0, or -errno if it could not begin, or not go on. It does not return at all if a thread
 * is held by the kernel: see fs/command/departure.h, whose time limit is running on return.
 */
int service_run(struct mount *mount);

#endif
