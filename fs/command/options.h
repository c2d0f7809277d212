/* SPDX-License-Identifier: MIT */
/* The options on the command line, and in the lists after -o. */
#ifndef BIGFS_FS_COMMAND_OPTIONS_H
#define BIGFS_FS_COMMAND_OPTIONS_H

#include "fs/command/option_values.h"

/*
 * Reads the command line and reorders its words, options first. Words that `options` refers to stay
 * the caller's. Returns 0, or the exit status of the command after one line on standard error:
 * EXIT_USAGE, or EXIT_FAILURE if there is no memory or working directory. Call options_free() in
 * any case. May block to find the user's home directory. Not thread-safe, like getopt(3).
 */
int options_parse(struct options *options, int argc, char **argv);

/* Frees what the options own. */
void options_free(struct options *options);

#endif
