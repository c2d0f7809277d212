/* SPDX-License-Identifier: MIT */
/* What the options of the command line say, once they are read. */
#ifndef BIGFS_FS_COMMAND_OPTION_VALUES_H
#define BIGFS_FS_COMMAND_OPTION_VALUES_H

#include <stdbool.h>

#include <fuse_opt.h>

#include "fs/serve/log.h"
#include "fs/tree/settings.h"

/* Who may know the value of an option. */
enum option_told {
    TOLD_NOTHING,  /* there is no value, or none of this number */
    TOLD_TO_ALL,   /* any user */
    TOLD_TO_OWNER, /* root and the user who mounted: it may hold a path */
};

struct options {
    struct settings settings;
    bool min_size_given;
    bool index_dir_given;
    const char *source;            /* as given; NULL with `index`, `help` and `version` */
    const char *mountpoint;        /* the same */
    bool index;                    /* make the line indexes of `files`, and mount nothing */
    char **files;                  /* as given */
    int file_count;                /* with `index`, at least 1 */
    bool foreground;               /* stay in the foreground */
    bool debug;                    /* show every request */
    bool help;                     /* only print the help */
    bool version;                  /* only print the version */
    enum fuse_log_level log_level; /* the least severe one that is logged */
    struct fuse_args fuse;         /* what goes on to libfuse; owned */
};

#endif
