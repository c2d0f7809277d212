/* Where line indexes are kept if nobody says where. */
#ifndef BIGFS_FS_COMMAND_INDEX_PLACE_H
#define BIGFS_FS_COMMAND_INDEX_PLACE_H

/*
 * The first of these of which all that is there is ours or root's: $XDG_CACHE_HOME/bigfs,
 * ~/.cache/bigfs, and the same in the home directory that the user database has (sudo keeps HOME).
 * *path is the caller's, NULL: none of them. Returns 0 or -ENOMEM.
 */
int index_place_choose(char **path);

#endif
