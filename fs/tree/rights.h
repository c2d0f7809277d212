/* SPDX-License-Identifier: MIT */
/*
 * The mode and the POSIX ACL of a node, derived from those of its source.
 *
 * The mode loses its write bits, and a file shown as a directory gains x where it has r.
 * fs/tree/acl.h does the same for an ACL.
 *
 * With allow_other the kernel checks access to a node by its mode and its ACL. The mode alone is
 * not enough: if a file has an ACL, the group bits of its mode are the mask, which would give some
 * users too much and others too little.
 *
 * All functions are thread-safe and block as the file system of SOURCE does.
 */
#ifndef BIGFS_FS_TREE_RIGHTS_H
#define BIGFS_FS_TREE_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fs/tree/driver.h"

/*
 * Whether a user may learn where SOURCE is, and names in it that the user may not be allowed to
 * list: root, and the user that the driver runs as. Does not block.
 */
bool rights_know_paths(uid_t user);

/*
 * The mode of a node whose source has the mode `source`. Looks at the source only if the kernel
 * checks rights and might ignore an ACL because of this mode: the case in fs/tree/acl.h in which a
 * mask grants only w.
 */
mode_t rights_mode(const struct driver *driver, const struct node *node, mode_t source);

/*
 * Writes a node's ACL, or the default ACL of a directory of SOURCE, to `value`, which has room for
 * XATTR_SIZE_MAX bytes. Returns its size, 0 if there is none, or -errno: -ESTALE if what the node
 * stands for is gone.
 *
 * The kernel gets mode and ACL in two requests. If the file has no ACL and its mode is not the one
 * that the kernel got (perhaps the file had an ACL then), the ACL is made from the current mode, so
 * that the kernel does not take an old mask for the rights of the group.
 */
ssize_t rights_access_acl(struct driver *driver, struct node *node, void *value);
ssize_t rights_default_acl(struct driver *driver, struct node *node, void *value);

#endif
