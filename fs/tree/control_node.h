/* The directory .bigfs in the root: found by name, never listed. */
#ifndef BIGFS_FS_TREE_CONTROL_NODE_H
#define BIGFS_FS_TREE_CONTROL_NODE_H

#include <stdbool.h>

#include "fs/tree/entry.h"
#include "fs/tree/node_type.h"

extern const struct node_type control_node;

/* Whether `name` in `parent` is this directory. Its look-up does not look at SOURCE. */
bool control_node_is(const struct driver *driver, const struct node *parent, const char *name);

/* Makes its entry. Returns 0 or -ENOMEM. */
int control_node_enter(struct driver *driver, struct node *parent, struct entry *entry);

#endif
