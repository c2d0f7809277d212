/* SPDX-License-Identifier: MIT */
/* Views: directories of pieces. */
#ifndef BIGFS_FS_TREE_VIEW_NODE_H
#define BIGFS_FS_TREE_VIEW_NODE_H

#include "fs/tree/node_type.h"

extern const struct node_type view_node;

#endif
