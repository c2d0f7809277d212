/* SPDX-License-Identifier: MIT */
/* What the command says about itself. */
#ifndef BIGFS_FS_COMMAND_HELP_H
#define BIGFS_FS_COMMAND_HELP_H

/* Write to standard output: the text of --help, in 80 columns, and the text of --version. */
void help_print(void);
void help_print_version(void);

#endif
