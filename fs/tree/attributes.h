/* The attributes that users see of each kind of node, from those of its source. */
#ifndef BIGFS_FS_TREE_ATTRIBUTES_H
#define BIGFS_FS_TREE_ATTRIBUTES_H

#include <sys/stat.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

/*
 * The attributes of a node whose source has the attributes *source: owner and times are the
 * source's, the mode loses its write bits, and what is a directory here but a file there gains x
 * where it has r. For NODE_CONTROL and NODE_REPORT *source is not looked at. What is made is told
 * to the kernel: node->told remembers the mode.
 */
void attributes_of(const struct driver *driver, struct node *node, const struct stat *source,
                   struct stat *attributes);

/* How long the kernel believes names and attributes. */
enum { BELIEVED_SECONDS = 1 };

/*
 * For how many seconds the kernel may believe these. A text that is not made has no size yet; and
 * with --cache none each read of a table shows whether its file is still the same, as the kernel
 * asks for the attributes first.
 */
double attributes_believed(const struct driver *driver, const struct node *node,
                           const struct stat *attributes);

/*
 * Sets attributes->st_blocks of a piece (other nodes are left alone) to what its data take, holes
 * left out; where these cannot be found, as if there were none. Blocks as holes_count_data does.
 * Returns 0, -CANCELLED, or -ESTALE.
 */
int attributes_count_blocks(const struct node *node, const struct cancel *cancel,
                            struct stat *attributes);

/*
 * The attributes of a node as its source is now. Returns 0, or -errno: -ESTALE where the node means
 * something that is no more, so that the kernel looks its name up again; -CANCELLED. Reads at most
 * a few KiB, and may wait as generation_check, open_files_get and holes_count_data do.
 */
int attributes_now(struct driver *driver, struct node *node, const struct cancel *cancel,
                   struct stat *attributes);

/*
 * The attributes of a large file in SOURCE as they are now. Returns 0 or -errno: -ESTALE where it
 * is gone, or not large any more.
 */
int attributes_now_of_large(struct driver *driver, const struct node *large,
                            struct stat *attributes);

#endif
