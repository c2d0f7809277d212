/* SPDX-License-Identifier: MIT */
/*
 * POSIX ACLs in the form of their extended attributes (linux/posix_acl_xattr.h): a header, then
 * entries in ascending order of their tags.
 *
 * A node shows the ACL of its file without the right to write:
 *
 *     as it is      r and x stay
 *     directory     x like r: only a user who may read the file may enter its directory
 *     generated     r stays
 *
 * In a directory the entries of the owner and of others, and the mask, keep an x that they have
 * without r. So does the mode, whose bits they are. All other entries (named users, groups) get x
 * if both they and the mask have r.
 *
 * A mask that would become empty, such as one that grants only w, becomes x instead; no entry that
 * it limits has x then. The kernel ignores an ACL if the group bits of the mode, which are the
 * mask, are 0. It would then give the users named in the ACL the rights of others.
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

/* The size of an ACL that says no more than a mode. */
enum { ACL_MINIMAL_SIZE = 28 };

/*
 * Changes the ACL of a file into that of a node. Returns 0, or -EINVAL if it is no ACL of the known
 * version; then *value must not be used.
 */
int acl_take_form(void *value, size_t size, enum acl_form form);

/* Writes the ACL that is equivalent to the mode: ACL_MINIMAL_SIZE bytes. */
void acl_of_mode(mode_t mode, void *value);

#endif
