/* SPDX-License-Identifier: MIT */
/* One file of `bigfs --index`: what it holds, and the line that says how it went. */
#ifndef BIGFS_FS_COMMAND_INDEX_ONE_H
#define BIGFS_FS_COMMAND_INDEX_ONE_H

#include <stdbool.h>

#include "fs/command/index_maker.h"

/* What became of the files so far. */
struct index_tally {
    unsigned made;
    unsigned known;    /* were indexed already */
    unsigned small;    /* of those in directories; passed over because of --min-size */
    unsigned no_plain; /* of those in directories; can only be read from their start */
    unsigned failed;
};

/*
 * Indexes the file at a path beneath the pool's directory, which messages call `name`, and counts
 * what became of it. `is_met`: it was met in a walk, so that it is no failure if it vanishes or if
 * it can only be read from its start. Blocks until the index is made, or the maker interrupted.
 */
void index_one(struct index_maker *maker, struct source_pool *pool, const char *path,
               const char *name, bool is_met, struct index_tally *tally);

/* Says on standard error why a file has no index, and counts it. */
void index_one_fail(struct index_tally *tally, const char *name, int error);

#endif
