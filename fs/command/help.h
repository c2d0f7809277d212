/* SPDX-License-Identifier: MIT */
/* The texts of --help and --version. */
#ifndef BIGFS_FS_COMMAND_HELP_H
#define BIGFS_FS_COMMAND_HELP_H

/* Both write to standard output; the text of --help fits 80 columns. */
void help_print(void);
void help_print_version(void);

#endif
