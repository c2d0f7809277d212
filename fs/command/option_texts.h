/* SPDX-License-Identifier: MIT */
/* The options that are in force, as text: what the table of options tells of each. */
#ifndef BIGFS_FS_COMMAND_OPTION_TEXTS_H
#define BIGFS_FS_COMMAND_OPTION_TEXTS_H

#include "fs/command/option_values.h"

/*
 * Makes settings.in_force of all rows of the table. Call it once, when the options are complete.
 * Returns 0 or -ENOMEM.
 */
int option_texts_make(struct options *options);

#endif
