/* The attributes that users see of each node, from those of its source. */
#ifndef BIGFS_FS_TREE_ATTRIBUTES_H
#define BIGFS_FS_TREE_ATTRIBUTES_H

#include <sys/stat.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

/*
 * The attributes of a node whose source has the attributes *source: owner and times are the
 * source's, the mode loses its write bits, and what is a directory here but a file there gains x
 * where it has r. For what stands in .bigfs *source is not looked at. What is made goes to the
 * kernel: node->told remembers the mode.
 */
void attributes_of(const struct driver *driver, struct node *node, const struct stat *source,
                   struct stat *attributes);

/*
 * For how many seconds the kernel may believe these. A text that is not made has no size yet. With
 * --cache none each read of a text shows whether its file is still the same, as the kernel asks for
 * the attributes first.
 */
double attributes_believed(const struct driver *driver, const struct node *node,
                           const struct stat *attributes);

/*
 * Sets attributes->st_blocks of a piece (other nodes are left alone) to what its data take, without
 * holes. If these cannot be found, it is as if there were none. Blocks as holes_count_data().
 * Returns 0, -CANCELLED, or -ESTALE.
 */
int attributes_count_blocks(const struct node *node, const struct cancel *cancel,
                            struct stat *attributes);

/*
 * The attributes of a node as its source is now. Returns 0, or -errno: -ESTALE if the node means
 * something that is no more, so that the kernel looks its name up again; -CANCELLED. Reads at most
 * a few KiB, and may wait as generation_check(), open_files_get() and holes_count_data().
 */
int attributes_now(struct driver *driver, struct node *node, const struct cancel *cancel,
                   struct stat *attributes);

/* For node types. */

/* Sets size and blocks: of a file without holes, unless it is all of the source. */
void attributes_take_size(struct stat *attributes, const struct stat *source, uint64_t size);

/* What st_blocks is for so many bytes. */
blkcnt_t attributes_blocks(uint64_t bytes);

/* Makes attributes of a file those of a directory that is made up. */
void attributes_become_directory(struct stat *attributes);

/* The attributes of what stands in SOURCE at a node's path. Returns 0 or -errno. */
int attributes_at_path(struct driver *driver, const struct node *node, struct stat *attributes);

/* The same; -ESTALE if it is not of this type. */
int attributes_of_type(struct driver *driver, const struct node *node, mode_t type,
                       struct stat *attributes);

/* Whether the source still has the generation, grown or not, and the attributes. */
int attributes_of_generation(struct source *source, struct generation *generation,
                             struct stat *attributes);

/*
 * The attributes of a large file in SOURCE as they are now. Returns 0 or -errno: -ESTALE if it is
 * gone, or not large any more.
 */
int attributes_of_large(struct driver *driver, const struct node *node, struct stat *attributes);

#endif
