/* Serves a mount, from the first request to the last, and ends it in good order. */
#ifndef BIGFS_FS_COMMAND_SERVICE_H
#define BIGFS_FS_COMMAND_SERVICE_H

#include "fs/command/mount.h"

/*
 * Serves a mount whose session is mounted and whose crew is prepared, until it is unmounted, one of
 * the signals of fs/command/signals.h arrives, or the process that waits for this one is killed. On
 * return nothing is mounted, no request is received, and no thread works. Requests under way that
 * ended in time have been answered.
 *
 * Returns 0, or -errno if it could not begin or go on. Does not return if the kernel holds a thread
 * (fs/command/departure.h). The time limit for the end is running on return.
 */
int service_run(struct mount *mount);

#endif
