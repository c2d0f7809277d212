/* SPDX-License-Identifier: MIT */
/* The table of all options: their syntax and effect. */
#ifndef BIGFS_FS_COMMAND_OPTION_RULES_H
#define BIGFS_FS_COMMAND_OPTION_RULES_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fs/command/option_values.h"

/* What follows a name. The first three are values of getopt_long(3). */
enum option_argument {
    ARGUMENT_NONE = no_argument,
    ARGUMENT_REQUIRED = required_argument, /* --NAME=VALUE, --NAME VALUE or -LETTER VALUE */
    ARGUMENT_OPTIONAL = optional_argument, /* --NAME or --NAME=VALUE */
    ARGUMENT_LIST, /* -LETTER LIST: comma-separated words, each of which may be an option */
};

/* The bit of a mode in option_rule.modes. */
#define OPTION_IN(mode) (1u << (mode))

struct option_rule {
    const char *name; /* --NAME, and in -o lists with underscores; NULL: only a letter */
    char letter;      /* -LETTER; 0: only a name */
    bool in_lists;    /* whether -o NAME means this option */
    unsigned modes;   /* in which it has a meaning: OPTION_IN() of each, or-ed */
    enum option_argument argument;

    /*
     * Applies the value (NULL: none), or a word of a list that is not an option. Copies what it
     * keeps. Returns 0, -EINVAL if the value is not valid, -ENOMEM, or an exit status after one
     * line on standard error.
     */
    int (*set)(struct options *options, const char *value);

    /*
     * Writes the value that is in force, as `set` takes it, for .bigfs/status: that of this number
     * (from 0), if the option may be given several times. What it writes does not count if it
     * tells nothing. NULL: it is no option of a mount.
     */
    enum option_told (*tell)(const struct options *options, size_t number, FILE *out);
    const char *wanted; /* describes a valid value, in messages after "give"; NULL: no value */
};

enum { OPTION_RULES = 25 };
extern const struct option_rule option_rules[];

/* Whether the option has a meaning in a mode. Any has one if the mode is enough by itself. */
bool option_has_meaning(const struct option_rule *rule, enum mode_number mode);

/* Whether a value is required. */
bool option_needs_value(const struct option_rule *rule);

#endif
