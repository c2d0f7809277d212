/* SPDX-License-Identifier: MIT */
/* READLINK: where a symbolic link leads. */
#ifndef BIGFS_FS_OPERATION_READLINK_H
#define BIGFS_FS_OPERATION_READLINK_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation readlink_operation;

void on_readlink(fuse_req_t fuse, fuse_ino_t inode);

#endif
