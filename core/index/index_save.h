/* SPDX-License-Identifier: MIT */
/* Keeps an index, or a map, in the index directory. */
#ifndef BIGFS_CORE_INDEX_INDEX_SAVE_H
#define BIGFS_CORE_INDEX_INDEX_SAVE_H

#include "core/index/index_directory.h"
#include "core/index/kept_type.h"

/*
 * Keeps what the key is of, and removes all others of the same inode and format that begin alike.
 * Returns 0, or why it could not be kept, after a warning. Thread-safe; blocks as the file system
 * does.
 */
int index_save(struct index_directory *directory, const struct index_key *key,
               const struct kept_type *type, void *kept);

#endif
