/* SPDX-License-Identifier: MIT */
#include "fs/tree/symlink_node.h"

#include "fs/tree/attributes.h"

static int look_at_symlink(struct driver *driver, struct node *node, struct stat *attributes)
{
    return attributes_of_type(driver, node, S_IFLNK, attributes);
}

const struct node_type symlink_node = {
    .number = 1,
    .shown_as = S_IFLNK,
    .rights = ACL_AS_IT_IS,
    .look = look_at_symlink,
};
