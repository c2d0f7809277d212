/* SPDX-License-Identifier: MIT */
/* bigfs --index FILE…: makes line indexes ahead of time. */
#ifndef BIGFS_FS_COMMAND_INDEX_COMMAND_H
#define BIGFS_FS_COMMAND_INDEX_COMMAND_H

#include "fs/command/option_values.h"

/*
 * Makes and keeps the index of each file, one after the other, with a progress bar if standard
 * error is a terminal, and a line for each file on standard output. Blocks until all are made.
 * Returns the exit status: 0, or EXIT_FAILURE if an index could not be made; a line on standard
 * error says why.
 */
int index_command(const struct options *options);

#endif
