/* SPDX-License-Identifier: MIT */
/*
 * Large files, shown as directories: of their own bytes or, as `plain` in such a directory, of the
 * content they hold (core/content/contents.h).
 */
#ifndef BIGFS_FS_TREE_LARGE_NODE_H
#define BIGFS_FS_TREE_LARGE_NODE_H

#include "fs/tree/node_type.h"

extern const struct node_type large_node;

#endif
