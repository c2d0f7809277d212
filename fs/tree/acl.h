/*
 * POSIX ACLs, as their extended attributes hold them (linux/posix_acl_xattr.h): a header, and
 * entries in ascending order of their tags.
 *
 * A node that shows something of a file shows the file's ACL, without the right to write:
 *
 *     as it is      r and x stay
 *     directory     x as r: a user that may read the file may look into its directory, and no other
 *     generated     r stays
 *
 * In a directory the entries of the owner and of others, and the mask, keep an x that they have
 * without r: so does the mode, of which they are the same bits. The others (named users, the
 * groups) have x if both they and the mask have r.
 *
 * A mask of which nothing is left, such as one that grants nothing but to write, becomes x, which
 * then no entry has that it limits. The kernel looks at no ACL if the group's bits of the mode,
 * which are the mask, are 0: it would give the users that the ACL names what others have.
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

/* The size of an ACL that says no more than a mode does. */
enum { ACL_MINIMAL_SIZE = 28 };

/*
 * Changes the ACL of a file into that of a node. Returns 0, or -EINVAL for what is no ACL of the
 * known version; then *value is not to be used.
 */
int acl_take_form(void *value, size_t size, enum acl_form form);

/* Writes the ACL that says what the mode says: ACL_MINIMAL_SIZE bytes. */
void acl_of_mode(mode_t mode, void *value);

#endif
