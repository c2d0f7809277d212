/* The default place of line indexes. */
#ifndef BIGFS_FS_COMMAND_INDEX_PLACE_H
#define BIGFS_FS_COMMAND_INDEX_PLACE_H

/*
 * Chooses the first of $XDG_CACHE_HOME/bigfs, $HOME/.cache/bigfs and .cache/bigfs in the home
 * directory of the user database whose existing part belongs to the user or to root. (sudo keeps
 * HOME, and root must not make anything in the home of another user.) Sets *path to it, for the
 * caller to free, or to NULL if none is suitable. Returns 0 or -ENOMEM. Blocks as open(2) does, and
 * for the user database. Not thread-safe.
 */
int index_place_choose(char **path);

#endif
