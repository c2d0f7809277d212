/* Where line indexes are kept by default. */
#ifndef BIGFS_FS_COMMAND_INDEX_PLACE_H
#define BIGFS_FS_COMMAND_INDEX_PLACE_H

/*
 * Chooses the first of $XDG_CACHE_HOME/bigfs, $HOME/.cache/bigfs and .cache/bigfs in the home
 * directory of the user database of which all that exists belongs to the user or to root. (sudo
 * keeps HOME: root makes nothing in the home of another user.) Sets *path to it, which is
 * the caller's to free, or to NULL if none will do. Returns 0 or -ENOMEM. Blocks as open(2) does,
 * and for the user database. Not thread-safe.
 */
int index_place_choose(char **path);

#endif
