/* SPDX-License-Identifier: MIT */
/* STATFS: the statistics of SOURCE's file system. */
#ifndef BIGFS_FS_OPERATION_STATFS_H
#define BIGFS_FS_OPERATION_STATFS_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation statfs_operation;

void on_statfs(fuse_req_t fuse, fuse_ino_t inode);

#endif
