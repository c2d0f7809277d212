/* SOURCE and MOUNTPOINT: checked before anything is mounted. */
#ifndef BIGFS_FS_COMMAND_PATHS_H
#define BIGFS_FS_COMMAND_PATHS_H

#include "fs/command/options.h"

struct paths {
    char *source;     /* absolute, without symbolic links; owned */
    char *mountpoint; /* absolute, without symbolic links; owned */
    char *single;     /* the file's name where SOURCE is one file; owned, or NULL */
};

/*
 * Resolves and checks both paths as given on the command line. Returns 0, or -1 after one line on
 * standard error has said what is wrong and what to do; then *paths owns nothing.
 */
int paths_check(const char *source, const char *mountpoint, struct paths *paths);

/*
 * Refuses an index directory beneath the mountpoint, where the driver would wait for itself; the
 * default one is given up instead. Returns 0, or -1 after one line on standard error; then *paths
 * owns nothing.
 */
int paths_check_index_dir(struct paths *paths, struct options *options);

#endif
