/* SPDX-License-Identifier: MIT */
/*
 * The modes of the command: what it can be asked for. A mode is a row of the table, a number in
 * fs/command/option_values.h, and a row for its option in fs/command/option_rules.c, where each
 * option says in which modes it has a meaning.
 */
#ifndef BIGFS_FS_COMMAND_MODES_H
#define BIGFS_FS_COMMAND_MODES_H

#include <stdbool.h>

#include "fs/command/option_values.h"

/* What operands a mode takes. */
struct operands {
    const char *names[2]; /* in messages, up to NULL */
    bool many;            /* the last one may be repeated */
    const char *hint;     /* in messages: what the mode takes, with an example */
};

struct mode {
    const char *option;       /* what chooses it, without its dashes; NULL: nothing has to */
    bool is_enough;           /* nothing else that is given counts */
    bool has_index_dir;       /* it looks for indexes or keeps them */
    struct operands operands; /* unless it is enough */

    /* Takes as many operands as it wants. NULL: it is enough. */
    void (*take)(struct options *options, int count, char **words);

    /*
     * Does what it is for. Returns the exit status, after one line on standard error if it is not
     * EXIT_SUCCESS. May change the options. Blocks until all is done.
     */
    int (*run)(struct options *options);
};

extern const struct mode modes[MODES];

/*
 * Chooses a mode. One that is enough wins over others, and the first of these over the second.
 * Returns 0, or EXIT_USAGE after one line on standard error if there is another mode already.
 */
int mode_choose(struct options *options, enum mode_number mode);

/*
 * Gives the mode its operands. Returns 0, or EXIT_USAGE after one line on standard error if there
 * are too few or too many, or one is empty.
 */
int mode_take_operands(struct options *options, int count, char **words);

#endif
