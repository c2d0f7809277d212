/* SPDX-License-Identifier: MIT */
/* The attributes of each node as users see them, derived from those of its source. */
#ifndef BIGFS_FS_TREE_ATTRIBUTES_H
#define BIGFS_FS_TREE_ATTRIBUTES_H

#include <sys/stat.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

/*
 * The attributes of a node whose source has the attributes *source: owner and times are the
 * source's, the mode loses its write bits, and a file shown as a directory gains x where it has r.
 * *source is not used for nodes in .bigfs. The result must go to the kernel, as node->told
 * remembers the mode.
 */
void attributes_of(const struct driver *driver, struct node *node, const struct stat *source,
                   struct stat *attributes);

/*
 * For how many seconds the kernel may cache these attributes. 0 for a text that has not been made,
 * which has no size yet, and for texts with --cache none: the kernel then asks for the attributes
 * before each read, which shows whether the file is still the same.
 */
double attributes_believed(const struct driver *driver, const struct node *node,
                           const struct stat *attributes);

/*
 * Sets attributes->st_blocks of a piece to what its data take, without holes. If holes cannot be
 * found, all counts as data. Other nodes are left alone. Blocks as holes_count_data(). Returns 0,
 * -CANCELLED, or -ESTALE.
 */
int attributes_count_blocks(const struct node *node, const struct cancel *cancel,
                            struct stat *attributes);

/*
 * The current attributes of a node. Returns 0 or -errno: -ESTALE if what the node stands for is
 * gone, so that the kernel looks its name up again; -CANCELLED. Reads at most a few KiB, and may
 * wait as generation_check(), open_files_get() and holes_count_data().
 */
int attributes_now(struct driver *driver, struct node *node, const struct cancel *cancel,
                   struct stat *attributes);

/* For node types. */

/*
 * Sets size and blocks: those of the source if it is shown whole, otherwise those of a file without
 * holes.
 */
void attributes_take_size(struct stat *attributes, const struct stat *source, uint64_t size);

/* The st_blocks of so many bytes. */
blkcnt_t attributes_blocks(uint64_t bytes);

/* Turns attributes of a file into those of a made-up directory. */
void attributes_become_directory(struct stat *attributes);

/* The attributes of what is at a node's path in SOURCE. Returns 0 or -errno. */
int attributes_at_path(struct driver *driver, const struct node *node, struct stat *attributes);

/* The same, but -ESTALE if it is not of this type. */
int attributes_of_type(struct driver *driver, const struct node *node, mode_t type,
                       struct stat *attributes);

/* Checks whether the source still has the generation, grown or not, and gets its attributes. */
int attributes_of_generation(struct source *source, struct generation *generation,
                             struct stat *attributes);

/*
 * The current attributes of a large file in SOURCE. Returns 0 or -errno: -ESTALE if it is gone or
 * no longer large.
 */
int attributes_of_large(struct driver *driver, const struct node *node, struct stat *attributes);

#endif
