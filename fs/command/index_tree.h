/* SPDX-License-Identifier: MIT */
/* A directory of `bigfs --index`: all large files beneath it. */
#ifndef BIGFS_FS_COMMAND_INDEX_TREE_H
#define BIGFS_FS_COMMAND_INDEX_TREE_H

#include "fs/command/index_one.h"

/*
 * Indexes each regular file of at least --min-size beneath the directory, in the order of their
 * names. Messages call the directory `name`. Follows no symbolic link. Enters other file systems,
 * but no mount of bigfs. What cannot be read is reported and counted as failed; what vanishes
 * meanwhile is passed over. Directories may be nested to any depth. Ends early if the maker is
 * interrupted. The caller keeps `directory`, which may be open with O_PATH. Blocks until all are
 * done.
 */
void index_tree(struct index_maker *maker, int directory, const char *name,
                struct index_tally *tally);

#endif
