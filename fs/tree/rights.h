/* SPDX-License-Identifier: MIT */
/*
 * What may be done with a node: its mode and its POSIX ACL, made from those of its source.
 *
 * The mode loses its write bits. A directory here that is a file in SOURCE gains x where it has r.
 * fs/tree/acl.h says what becomes of an ACL.
 *
 * With allow_other the kernel decides by mode and ACL who may do what with a node. The mode alone
 * is not enough: for a file with an ACL the group's bits are the mask, which would give some users
 * too much and others too little.
 *
 * All functions are thread-safe, and block as the underlying file system does.
 */
#ifndef BIGFS_FS_TREE_RIGHTS_H
#define BIGFS_FS_TREE_RIGHTS_H

#include <stddef.h>
#include <sys/types.h>

#include "fs/tree/driver.h"

/*
 * The mode of a node whose source has the mode `source`. Looks at the source only if the kernel
 * checks rights and might ignore an ACL with this mode, such as one whose mask grants only w
 * (fs/tree/acl.h).
 */
mode_t rights_mode(const struct driver *driver, const struct node *node, mode_t source);

/*
 * Writes a node's ACL, or for a directory of SOURCE the default ACL of new files in it, to `value`,
 * which has room for XATTR_SIZE_MAX bytes. Returns its size, 0 if there is none, or -errno: -ESTALE
 * if the node means something that no longer exists.
 *
 * Mode and ACL reach the kernel in two requests. If the file has no ACL, and its mode is not the
 * one that the kernel has (perhaps it had an ACL then), the ACL is made from the current mode. The
 * kernel must not take an old mask for the rights of the group.
 */
ssize_t rights_access_acl(struct driver *driver, struct node *node, void *value);
ssize_t rights_default_acl(struct driver *driver, struct node *node, void *value);

#endif
