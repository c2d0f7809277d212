/* SPDX-License-Identifier: MIT */
/* GETATTR: the attributes of a node. */
#ifndef BIGFS_FS_OPERATION_GETATTR_H
#define BIGFS_FS_OPERATION_GETATTR_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation getattr_operation;

void on_getattr(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file);

#endif
