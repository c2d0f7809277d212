/* SPDX-License-Identifier: MIT */
/* The names of what is open, for .bigfs/status. */
#ifndef BIGFS_FS_TREE_OPEN_NAMES_H
#define BIGFS_FS_TREE_OPEN_NAMES_H

#include <stdint.h>

#include "fs/tree/driver.h"

/*
 * Calls `tell` with the path in the mount of each open file, the one opened last first, but for at
 * most `most` of them. A range of a view is given as the view and its bytes. Returns how many are
 * open. No lock is held during the calls. Thread-safe; does not look at SOURCE.
 */
uint64_t open_names_tell(struct driver *driver, unsigned most,
                         void (*tell)(void *argument, const char *path), void *argument);

#endif
