/* SPDX-License-Identifier: MIT */
/* Checks SOURCE and MOUNTPOINT before anything is mounted. */
#ifndef BIGFS_FS_COMMAND_PATHS_H
#define BIGFS_FS_COMMAND_PATHS_H

#include "fs/command/option_values.h"

struct paths {
    char *source;     /* absolute, without symbolic links; owned */
    char *mountpoint; /* absolute, without symbolic links; owned */
    char *single;     /* the file's name if SOURCE is one file; owned, or NULL */
};

/*
 * Resolves and checks both paths as given on the command line. Returns 0, or -1 after one line on
 * standard error, with nothing left in *paths. Blocks as realpath(3) and stat(2) do.
 */
int paths_check(const char *source, const char *mountpoint, struct paths *paths);

/*
 * Checks that the index directory is not inside the mount, where the driver would wait for itself.
 * Rejects a directory that the user gave; drops the default one. Returns 0, or -1 after one line on
 * standard error, with nothing left in *paths.
 */
int paths_check_index_dir(struct paths *paths, struct options *options);

#endif
