/* SPDX-License-Identifier: MIT */
/* The table of all options: how each is written, and what it does. */
#ifndef BIGFS_FS_COMMAND_OPTION_RULES_H
#define BIGFS_FS_COMMAND_OPTION_RULES_H

#include <getopt.h>
#include <stdbool.h>

#include "fs/command/option_values.h"

/* What follows a name. The first three are the values of getopt_long(3). */
enum option_argument {
    ARGUMENT_NONE = no_argument,
    ARGUMENT_REQUIRED = required_argument, /* --NAME=VALUE, --NAME VALUE or -LETTER VALUE */
    ARGUMENT_OPTIONAL = optional_argument, /* --NAME or --NAME=VALUE */
    ARGUMENT_LIST, /* -LETTER LIST: words with commas between them, each of which may be an option
                    */
};

struct option_rule {
    const char *name; /* --NAME, and in -o lists with underscores; NULL: there is only a letter */
    char letter;      /* -LETTER; 0: there is only a name */
    bool in_lists;    /* whether -o NAME means this option */
    enum option_argument argument;

    /*
     * Takes the value, or NULL if there is none. For a list the value is a word that is no option
     * of bigfs. Copies what it keeps. Returns 0, -EINVAL if the value is invalid, or -ENOMEM.
     */
    int (*set)(struct options *options, const char *value);
    const char *wanted; /* what a value must be, to follow "give"; NULL: there is no value */
};

enum { OPTION_RULES = 18 };
extern const struct option_rule option_rules[];

/* Whether a value must follow. */
bool option_needs_value(const struct option_rule *rule);

#endif
