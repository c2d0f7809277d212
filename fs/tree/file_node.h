/* SPDX-License-Identifier: MIT */
/* Small files, as they are. */
#ifndef BIGFS_FS_TREE_FILE_NODE_H
#define BIGFS_FS_TREE_FILE_NODE_H

#include "fs/tree/node_type.h"

extern const struct node_type file_node;

#endif
