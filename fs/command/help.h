/* SPDX-License-Identifier: MIT */
/* The texts of --help and --version. */
#ifndef BIGFS_FS_COMMAND_HELP_H
#define BIGFS_FS_COMMAND_HELP_H

#include <stdbool.h>

/* Prints a summary that fits 24 lines of 80 columns, or all there is to say, in 80 columns. */
void help_print(bool all);

/* Prints the version, and those of libraries, of the kernel's protocol and of the processor. */
void help_print_version(void);

#endif
