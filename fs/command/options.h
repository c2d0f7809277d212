/* What the command line and -o say. */
#ifndef BIGFS_FS_COMMAND_OPTIONS_H
#define BIGFS_FS_COMMAND_OPTIONS_H

#include <stdbool.h>

#include <fuse_opt.h>

#include "fs/tree/settings.h"

/* The exit status of a command line that cannot be meant; EXIT_FAILURE is for all else. */
enum { EXIT_USAGE = 2 };

struct options {
    struct settings settings;
    const char *source;     /* as given; NULL with help or version */
    const char *mountpoint; /* as given */
    bool min_size_given;
    bool index_dir_given;
    bool index;   /* make the line indexes of `files`, and mount nothing */
    char **files; /* as given */
    int file_count;
    bool foreground;
    bool debug;
    bool help;
    bool version;
    struct fuse_args fuse; /* what goes on to libfuse; owned */
};

/*
 * Reads the command line. Returns 0, or the exit status of the command after one line on standard
 * error has said what is wrong and what to do.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

/* The text of --help, to standard output. */
void options_print_help(void);

#endif
