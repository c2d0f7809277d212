/*
 * What may be done with a node: its mode and its POSIX ACL, from those of its source.
 *
 * The mode loses its write bits; what is a directory here but a file there gains x where it has r.
 * fs/tree/acl.h says what becomes of an ACL.
 *
 * With allow_other the kernel decides who may do what with a node, by its mode and its ACL. In the
 * mode of a file with an ACL the group's bits are the mask, which would give some too much and
 * others too little.
 *
 * All functions are thread-safe, and block as the file system beneath does.
 */
#ifndef BIGFS_FS_TREE_RIGHTS_H
#define BIGFS_FS_TREE_RIGHTS_H

#include <stddef.h>
#include <sys/types.h>

#include "fs/tree/driver.h"

/*
 * The mode of a node whose source has the mode `source`. Does not look at the source, unless the
 * kernel checks rights and the mode may be one with which it would pass over an ACL: that of
 * fs/tree/acl.h, where a mask grants nothing but to write.
 */
mode_t rights_mode(const struct driver *driver, const struct node *node, mode_t source);

/*
 * Writes a node's ACL, or for a directory of SOURCE what new files in it would get, into `value`,
 * which has room for XATTR_SIZE_MAX bytes. Returns its size, 0 if there is none, or -errno: -ESTALE
 * where the node means something that is no more.
 *
 * Mode and ACL come to the kernel in two requests. If the file has no ACL, and its mode is not what
 * the kernel was told (it had an ACL then, perhaps), the ACL is made from the mode of now: the
 * kernel must not take an old mask for what the group may do.
 */
ssize_t rights_access_acl(struct driver *driver, struct node *node, void *value);
ssize_t rights_default_acl(struct driver *driver, struct node *node, void *value);

#endif
