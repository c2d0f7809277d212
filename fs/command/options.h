/* What the command line and -o say. */
#ifndef BIGFS_FS_COMMAND_OPTIONS_H
#define BIGFS_FS_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <fuse_opt.h>

#include "core/view/view.h"

/* How many threads there are without --threads, at most: each may hold a reply (fs/tree/driver.c).
 */
enum { MOST_DEFAULT_THREADS = 24 };

/* The exit status of a command line that cannot be meant; EXIT_FAILURE is for all else. */
enum { EXIT_USAGE = 2 };

enum cache_mode {
    CACHE_KERNEL, /* the kernel keeps pieces in its page cache */
    CACHE_NONE,   /* every read comes to us */
};

struct options {
    const char *source;     /* as given; NULL with help or version */
    const char *mountpoint; /* as given */
    struct view_defaults views;
    uint64_t min_size;       /* bytes; regular files from here on are directories */
    bool listed[VIEW_KINDS]; /* which views a listing shows */
    uint64_t window_size;    /* bytes */
    uint64_t window_total;   /* bytes */
    enum cache_mode cache;
    enum extent_method extents; /* how holes are found */
    char *index_dir;            /* absolute; owned; NULL: line indexes are kept in memory only */
    bool index_dir_given;
    uint64_t index_space; /* bytes that all line indexes on the disk may take */
    bool index;           /* make the line indexes of `files`, and mount nothing */
    char **files;         /* as given */
    int file_count;
    unsigned threads; /* how many requests may read at once */
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
