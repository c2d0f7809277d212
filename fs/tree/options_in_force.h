/* SPDX-License-Identifier: MIT */
/*
 * The options that a mount has, given or by default, as the command takes them: for .bigfs/status.
 *
 * Constant once the options are read, so any thread may read it without a lock.
 */
#ifndef BIGFS_FS_TREE_OPTIONS_IN_FORCE_H
#define BIGFS_FS_TREE_OPTIONS_IN_FORCE_H

#include <stdbool.h>
#include <stddef.h>

struct option_in_force {
    char *text;    /* "--chunk-size 64M", one line, quoted for a shell; owned */
    bool has_path; /* it may hold a path, which not every user may know */
};

struct options_in_force {
    struct option_in_force *rows; /* owned; in the order of the table of options */
    size_t count;
};

/* Adds an option. Takes over `text`, even on failure. Returns 0 or -ENOMEM. */
int options_in_force_add(struct options_in_force *options, char *text, bool has_path);

/* Frees what was added. */
void options_in_force_destroy(struct options_in_force *options);

#endif
