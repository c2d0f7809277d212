/* SPDX-License-Identifier: MIT */
/*
 * A file that is read without a mount: the pool that it is read in, and what it holds.
 *
 *     AUTO_LONE_SOURCE struct lone_source lone;
 *     int error = lone_source_open(&lone, "/data/app.log.gz", settings);
 */
#ifndef BIGFS_FS_COMMAND_LONE_SOURCE_H
#define BIGFS_FS_COMMAND_LONE_SOURCE_H

#include "core/content/source.h"
#include "fs/tree/settings.h"

struct lone_source {
    struct source_pool pool;
    int directory;       /* the one that the file is in; owned; -1: it is closed */
    struct source *file; /* the bytes of the file itself; a reference */
};

#define AUTO_LONE_SOURCE __attribute__((cleanup(lone_source_close)))

/*
 * The file's path without symbolic links, or as given if that would exceed PATH_MAX. The caller
 * frees it. NULL: see errno. Blocks as realpath(3) does.
 */
char *lone_source_resolve(const char *file);

/*
 * Makes a pool of sources beneath a directory, which the caller keeps open, with the settings of
 * windows, extents and memory for decoding, and no functions to report to.
 */
void lone_source_pool(struct source_pool *pool, int directory, const struct settings *settings);

/*
 * Opens the directory of the file that `path` leads to, over symbolic links, and makes a source of
 * its name there. The pool has the settings of windows, extents and memory for decoding, and no
 * functions to report to: the caller may set these before the first use. Does not look at the file.
 * Returns 0 or -errno: -EISDIR if the path ends in a slash. On failure *lone is closed. Blocks as
 * realpath(3) does.
 */
int lone_source_open(struct lone_source *lone, const char *path, const struct settings *settings);

/* Releases all of it; does nothing to a closed one. No reading of it may be open. */
void lone_source_close(struct lone_source *lone);

/*
 * Makes a source of the content that the file holds besides its own bytes, if it is compressed.
 * *held is a reference that the caller owns, or NULL if there is none or the file cannot be read.
 * Returns 0 or -ENOMEM. Blocks as reads of the file do.
 */
int lone_source_held(struct lone_source *lone, struct source **held);

#endif
