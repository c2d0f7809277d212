/* SPDX-License-Identifier: MIT */
/* The default place of line indexes. */
#ifndef BIGFS_FS_COMMAND_INDEX_PLACE_H
#define BIGFS_FS_COMMAND_INDEX_PLACE_H

/*
 * Chooses a directory: the first of $XDG_CACHE_HOME/bigfs, $HOME/.cache/bigfs, and .cache/bigfs in
 * the home directory of the user database whose existing components all belong to the user or to
 * root. (sudo keeps HOME, and root must create nothing in another user's home.) Sets *path, which
 * the caller frees, or sets it to NULL if none is suitable. Returns 0 or -ENOMEM. Blocks as open(2)
 * and the user database do. Not thread-safe.
 */
int index_place_choose(char **path);

#endif
