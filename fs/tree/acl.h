/* SPDX-License-Identifier: MIT */
/*
 * POSIX ACLs in the form of their extended attributes (linux/posix_acl_xattr.h): a header, and
 * entries in ascending order of their tags.
 *
 * A node that shows something of a file shows the file's ACL, without the right to write:
 *
 *     as it is      r and x stay
 *     directory     x as r: a user that may read the file may look into its directory, and no other
 *     generated     r stays
 *
 * In a directory the entries of the owner and of others, and the mask, keep an x that they have
 * without r, because the mode, which has the same bits, does so too. The other entries (named
 * users, groups) have x if both they and the mask have r.
 *
 * If nothing is left of a mask, such as one that grants only w, it becomes x, and no entry that it
 * limits has x then. The kernel ignores the ACL if the group's bits of the mode, which are the
 * mask, are 0. It would then treat the users that the ACL names as others.
 */
#ifndef BIGFS_FS_TREE_ACL_H
#define BIGFS_FS_TREE_ACL_H

#include <stddef.h>
#include <sys/types.h>

enum acl_form {
    ACL_AS_IT_IS,
    ACL_OF_DIRECTORY,
    ACL_OF_GENERATED,
};

/* The size of an ACL that says no more than a mode, in bytes. */
enum { ACL_MINIMAL_SIZE = 28 };

/*
 * Changes the ACL of a file into that of a node. Returns 0, or -EINVAL if it is not an ACL of the
 * known version; then *value must not be used.
 */
int acl_take_form(void *value, size_t size, enum acl_form form);

/* Writes the ACL that is equivalent to the mode: ACL_MINIMAL_SIZE bytes. */
void acl_of_mode(mode_t mode, void *value);

#endif
