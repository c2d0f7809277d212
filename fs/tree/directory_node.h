/* SPDX-License-Identifier: MIT */
/* Directories of SOURCE, including the root. */
#ifndef BIGFS_FS_TREE_DIRECTORY_NODE_H
#define BIGFS_FS_TREE_DIRECTORY_NODE_H

#include "fs/tree/node_type.h"

extern const struct node_type directory_node;

#endif
