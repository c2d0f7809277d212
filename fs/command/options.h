/* What the command line says, and the lists that follow -o in it. */
#ifndef BIGFS_FS_COMMAND_OPTIONS_H
#define BIGFS_FS_COMMAND_OPTIONS_H

#include "fs/command/option_values.h"

/*
 * Reads the command line, whose words it puts in another order: options first. Words that `options`
 * refers to stay the caller's. Returns 0, or the exit status of the command after one line on
 * standard error: EXIT_USAGE, or EXIT_FAILURE if memory or the working directory cannot be had.
 * Call options_free() in any case. May block to find the user's home directory. For one thread at a
 * time, as getopt(3) is.
 */
int options_parse(struct options *options, int argc, char **argv);

/* Frees what the options own. */
void options_free(struct options *options);

#endif
