/*
 * Paths that no other user controls: a directory is opened component by component, and no link of
 * another user is followed.
 *
 * Root and the user that the process runs as are trusted. So another user who owns a directory on
 * the way may remove bigfs's files in it, but never make bigfs write elsewhere.
 */
#ifndef BIGFS_CORE_FILE_OWN_PATH_H
#define BIGFS_CORE_FILE_OWN_PATH_H

#include <stdbool.h>

enum own_path_way {
    OWN_PATH_OPEN, /* directories on the way may be any user's */
    OWN_PATH_MAKE, /* the same; what is missing is made, as `mkdir -p` does, for our user alone */
    OWN_PATH_ONLY, /* all that is there must be the process's own or root's */
};

/*
 * Opens the directory of an absolute path for reading. Returns a descriptor for the caller, or
 * -errno: -EPERM for a link of another user (with OWN_PATH_ONLY, a directory too). Blocks as
 * open(2) does. Thread-safe.
 */
int own_path_open(const char *path, enum own_path_way way);

#endif
