/* SPDX-License-Identifier: MIT */
/*
 * Reports: the files in .bigfs, which describe the mount.
 *
 * Each look-up by a user makes a report text of its own. Only root and the user that the driver
 * runs as get paths and names. Other users, who may not be allowed to see them in SOURCE, get
 * numbers.
 */
#ifndef BIGFS_FS_TREE_REPORT_NODE_H
#define BIGFS_FS_TREE_REPORT_NODE_H

#include "fs/tree/entry.h"
#include "fs/tree/generated_type.h"
#include "fs/tree/node_type.h"

extern const struct node_type report_node;

/* Makes the entry of a report below the control node. Returns 0 or -ENOMEM. */
int report_node_enter(struct driver *driver, struct node *control,
                      const struct generated_type *type, struct entry *entry);

#endif
