/* bigfs --index FILE…: line indexes ahead of time. */
#ifndef BIGFS_FS_COMMAND_INDEX_COMMAND_H
#define BIGFS_FS_COMMAND_INDEX_COMMAND_H

#include "fs/command/options.h"

/*
 * Makes and keeps the index of each file, one after the other. Shows progress on standard error, as
 * a bar if it is a terminal, and writes a line for each file to standard output. Blocks until all
 * are made. Returns the exit status: 0, or EXIT_FAILURE if an index could not be made, after a line
 * about it on standard error.
 */
int index_command(const struct options *options);

#endif
