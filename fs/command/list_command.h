/* SPDX-License-Identifier: MIT */
/* bigfs --list FILE VIEW: writes the table of a view without a mount. */
#ifndef BIGFS_FS_COMMAND_LIST_COMMAND_H
#define BIGFS_FS_COMMAND_LIST_COMMAND_H

#include "fs/command/option_values.h"

/*
 * Writes the table of options->view of options->file to standard output, as VIEW.tsv of a mount has
 * it, or as JSON. Makes the index that the view needs if it is not there, with a progress bar if
 * standard error is a terminal. Blocks until all is written. Returns the exit status: 0, or
 * EXIT_FAILURE after one line on standard error. If the file is rewritten meanwhile, the table may
 * have been written in part.
 */
int list_command(const struct options *options);

#endif
