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

/* What a command line asks for: a row of the table in fs/command/modes.h. */
enum mode_number {
    MODE_MOUNT,
    MODE_INDEX,
    MODE_LIST,
    MODE_UNMOUNT,
    MODE_HELP,
    MODE_VERSION,
    MODES
};

struct options {
    struct settings settings;
    enum mode_number mode;
    char *meaningless[MODES]; /* what has no meaning in each mode, as a message; owned, or NULL */
    bool min_size_given;
    bool index_dir_given;
    const char *source;            /* to mount, as given; else NULL */
    const char *mountpoint;        /* to mount at or to unmount, as given; else NULL */
    char **files;                  /* to index, as given */
    int file_count;                /* at least 1 if there are files to index */
    const char *file;              /* to list a view of, as given; else NULL */
    const char *view;              /* the name of that view; else NULL */
    bool json;                     /* list it as JSON */
    bool help_all;                 /* print all the help, not a summary */
    bool foreground;               /* stay in the foreground */
    bool debug;                    /* show every request */
    enum fuse_log_level log_level; /* the least severe one that is logged */
    struct fuse_args fuse;         /* what goes on to libfuse; owned */
};

#endif
