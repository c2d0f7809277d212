/* SPDX-License-Identifier: MIT */
/*
 * Paths that no other user controls. A directory is opened component by component, and no link of
 * another user is followed.
 *
 * Root and the user that the process runs as are trusted. So another user who owns a directory on
 * the way may remove bigfs's files in it, but cannot make bigfs write somewhere else.
 */
#ifndef BIGFS_CORE_FILE_OWN_PATH_H
#define BIGFS_CORE_FILE_OWN_PATH_H

#include <stdbool.h>

enum own_path_way {
    OWN_PATH_OPEN, /* directories on the way may belong to any user */
    OWN_PATH_MAKE, /* the same; missing ones are made, as by `mkdir -p`, for this user only */
    OWN_PATH_ONLY, /* all that exist must belong to this user or root */
};

/*
 * Opens the directory of an absolute path for reading. Returns a descriptor that the caller owns,
 * or -errno: -EPERM for a link of another user (with OWN_PATH_ONLY, also for a directory of one).
 * Blocks as open(2) does. Thread-safe.
 */
int own_path_open(const char *path, enum own_path_way way);

#endif
