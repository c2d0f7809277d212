/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of nodes: GETXATTR and LISTXATTR.
 *
 * Only mounts with allow_other, where the kernel checks rights, have any. On other mounts the first
 * reply is ENOSYS, so the kernel never asks again. Otherwise `ls -l` would ask for each file.
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
