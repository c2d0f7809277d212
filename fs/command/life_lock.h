/* SPDX-License-Identifier: MIT */
/*
 * A lock that the process of a mount holds as long as it lives: how others find out that it has
 * ended, and has let go of SOURCE.
 *
 * It is on a byte of /dev/fuse that the mount's device and mountpoint choose. So it is on no disk
 * that should be unmounted, it is seen from other PID and mount namespaces, and the kernel takes it
 * away however the process ends: after the last of its threads, even if that one is stuck in a
 * disk. A process that may not open /dev/fuse, or has another one in its container, neither holds
 * nor sees it.
 */
#ifndef BIGFS_FS_COMMAND_LIFE_LOCK_H
#define BIGFS_FS_COMMAND_LIFE_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

/* Takes the lock, if that is possible. It is held until the process ends. */
void life_lock_take(const char *mountpoint, dev_t device);

/* Whether a process of that mount lives, as far as can be seen. Asks the mount nothing. */
bool life_lock_is_held(const char *mountpoint, dev_t device);

#endif
