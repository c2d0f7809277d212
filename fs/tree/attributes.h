/* SPDX-License-Identifier: MIT */
/* The attributes that users see for each node, made from those of its source. */
#ifndef BIGFS_FS_TREE_ATTRIBUTES_H
#define BIGFS_FS_TREE_ATTRIBUTES_H

#include <sys/stat.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

/*
 * Makes the attributes of a node whose source has the attributes *source. Owner and times are the
 * source's. The mode loses its write bits, and a directory here that is a file there gains x where
 * it has r. For nodes in .bigfs *source is not read. The result must go to the kernel, as
 * node->told remembers its mode.
 */
void attributes_of(const struct driver *driver, struct node *node, const struct stat *source,
                   struct stat *attributes);

/*
 * For how many seconds the kernel may believe these attributes. A text that is not made has no size
 * yet. With --cache none each read of a text shows whether its file is still the same, as the
 * kernel asks for the attributes first.
 */
double attributes_believed(const struct driver *driver, const struct node *node,
                           const struct stat *attributes);

/*
 * Sets attributes->st_blocks of a piece to the blocks of its data, without holes. Does nothing for
 * other nodes. If holes cannot be found, there are taken to be none. Blocks as holes_count_data().
 * Returns 0, -CANCELLED, or -ESTALE.
 */
int attributes_count_blocks(const struct node *node, const struct cancel *cancel,
                            struct stat *attributes);

/*
 * Makes the attributes of a node from its source as it is now. Returns 0, or -errno: -CANCELLED, or
 * -ESTALE if the node means something that no longer exists, so that the kernel looks its name up
 * again. Reads at most a few KiB, and may block as generation_check(), open_files_get() and
 * holes_count_data().
 */
int attributes_now(struct driver *driver, struct node *node, const struct cancel *cancel,
                   struct stat *attributes);

/* For node types. */

/*
 * Sets size and blocks. The blocks are those of a file without holes, unless `size` is that of the
 * source.
 */
void attributes_take_size(struct stat *attributes, const struct stat *source, uint64_t size);

/* Returns st_blocks for this many bytes. */
blkcnt_t attributes_blocks(uint64_t bytes);

/* Turns the attributes of a file into those of a made-up directory. */
void attributes_become_directory(struct stat *attributes);

/* The attributes of the file in SOURCE at a node's path. Returns 0 or -errno. */
int attributes_at_path(struct driver *driver, const struct node *node, struct stat *attributes);

/* The same, but -ESTALE if it is not of this type. */
int attributes_of_type(struct driver *driver, const struct node *node, mode_t type,
                       struct stat *attributes);

/* Checks whether the source still has the generation, grown or not, and gets its attributes. */
int attributes_of_generation(struct source *source, struct generation *generation,
                             struct stat *attributes);

/*
 * The attributes of a large file in SOURCE as they are now. Returns 0 or -errno: -ESTALE if it is
 * gone or no longer large.
 */
int attributes_of_large(struct driver *driver, const struct node *node, struct stat *attributes);

#endif
