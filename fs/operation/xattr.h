/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of nodes: GETXATTR and LISTXATTR.
 *
 * Pieces have user.bigfs.* (fs/tree/piece_xattr.h). Everything has POSIX ACLs if the kernel checks
 * rights (allow_other). Otherwise a program that asks for one gets EOPNOTSUPP, so that `ls -l` asks
 * once and not for each file.
 */
#ifndef BIGFS_FS_OPERATION_XATTR_H
#define BIGFS_FS_OPERATION_XATTR_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation getxattr_operation;
extern const struct operation listxattr_operation;

void on_getxattr(fuse_req_t fuse, fuse_ino_t inode, const char *name, size_t size);
void on_listxattr(fuse_req_t fuse, fuse_ino_t inode, size_t size);

#endif
