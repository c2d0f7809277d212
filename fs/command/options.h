/* The parsed command line, including the lists after -o. */
#ifndef BIGFS_FS_COMMAND_OPTIONS_H
#define BIGFS_FS_COMMAND_OPTIONS_H

#include <stdbool.h>

#include <fuse_opt.h>

#include "fs/tree/settings.h"

struct options {
    struct settings settings;
    bool min_size_given;
    bool index_dir_given;
    const char *source;     /* as given; NULL with `index`, `help` and `version` */
    const char *mountpoint; /* the same */
    bool index;             /* make the line indexes of `files`, and mount nothing */
    char **files;           /* as given */
    int file_count;         /* with `index`, at least 1 */
    bool foreground;        /* stay in the foreground */
    bool debug;             /* show every request */
    bool help;              /* only print the help */
    bool version;           /* only print the version */
    struct fuse_args fuse;  /* passed on to libfuse; owned */
};

/*
 * Parses the command line and reorders its words, options first. Words that `options` refers to
 * remain owned by the caller. Returns 0, or the exit status after one line on standard error:
 * EXIT_USAGE, or EXIT_FAILURE if there is no memory or no working directory. Call options_free() in
 * any case. May block to find the user's home directory. Not thread-safe, like getopt(3).
 */
int options_parse(struct options *options, int argc, char **argv);

/* Frees what the options own. */
void options_free(struct options *options);

#endif
