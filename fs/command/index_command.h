/* bigfs --index FILE…: line indexes ahead of time. */
#ifndef BIGFS_FS_COMMAND_INDEX_COMMAND_H
#define BIGFS_FS_COMMAND_INDEX_COMMAND_H

#include "fs/command/options.h"

/*
 * Makes and keeps the index of each file, one after the other, with a progress bar where standard
 * error is a terminal, and a line for each file on standard output. Returns the exit status: 0, or
 * EXIT_FAILURE where one of them could not be made, of which a line on standard error tells.
 */
int index_command(const struct options *options);

#endif
