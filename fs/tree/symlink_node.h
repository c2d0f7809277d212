/* SPDX-License-Identifier: MIT */
/* Symbolic links of SOURCE. */
#ifndef BIGFS_FS_TREE_SYMLINK_NODE_H
#define BIGFS_FS_TREE_SYMLINK_NODE_H

#include "fs/tree/node_type.h"

extern const struct node_type symlink_node;

#endif
