/* SPDX-License-Identifier: MIT */
/* One option as given on the command line or in a list after -o. */
#ifndef BIGFS_FS_COMMAND_OPTION_GIVEN_H
#define BIGFS_FS_COMMAND_OPTION_GIVEN_H

#include "fs/command/option_rules.h"

struct option_given {
    const struct option_rule *rule;
    const char *dashes; /* what precedes the name in messages: "--", "-" or "-o " */
    const char *name;   /* for messages */
    const char *value;  /* NULL: none */
};

/*
 * Takes the option, or each one in the list that is its value. In a list "\," is a comma and "\\" a
 * backslash, underscores in names stand for dashes, and unknown options are passed to libfuse.
 * Keeps no pointer into *given. Returns 0, or the exit status after one line on standard error.
 */
int option_take(struct options *options, const struct option_given *given);

#endif
