/* SPDX-License-Identifier: MIT */
/* Keeps an index, or a map, in the index directory. */
#ifndef BIGFS_CORE_INDEX_INDEX_SAVE_H
#define BIGFS_CORE_INDEX_INDEX_SAVE_H

#include "core/index/index_directory.h"
#include "core/index/kept_type.h"

/*
 * Keeps what the key is of, and removes all others of the same inode and format that begin alike.
 * (An unfinished one replaces only unfinished ones.) `path` is the source, for a warning. Returns
 * 0, or why it could not be kept, after a warning: -OVER_SPACE if it alone is larger than all the
 * space. Thread-safe; blocks as the file system does.
 */
int index_save(struct index_directory *directory, const struct index_key *key,
               const struct kept_type *type, void *kept, const char *path);

/*
 * The same for what is unfinished. If the times of the key cannot be trusted, they are not kept:
 * then only digests can tell later that the file begins with what was counted, which are compared
 * if it has grown since.
 */
int index_save_part(struct index_directory *directory, const struct index_key *key,
                    const struct kept_type *type, void *part);

#endif
