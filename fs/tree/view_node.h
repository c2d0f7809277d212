/* SPDX-License-Identifier: MIT */
/* Views: directories of pieces. */
#ifndef BIGFS_FS_TREE_VIEW_NODE_H
#define BIGFS_FS_TREE_VIEW_NODE_H

#include "core/base/cancel.h"
#include "core/view/view.h"
#include "fs/tree/driver.h"
#include "fs/tree/node.h"
#include "fs/tree/node_type.h"

extern const struct node_type view_node;

/*
 * Reads the name of a view, of `length` bytes, and checks that a large file has that view now.
 * *source is set to the attributes of the file. Returns 0, -ENOENT if it is no name of a view or
 * the file ends before what the view is of, -ESTALE if the file is gone or not the content that the
 * view is of, or as word_confirm().
 */
int view_node_find(struct driver *driver, const struct node *large, const char *name, size_t length,
                   const struct cancel *cancel, struct view *view, struct stat *source);

#endif
