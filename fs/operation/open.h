/* SPDX-License-Identifier: MIT */
/* OPEN: opens a file for reading. */
#ifndef BIGFS_FS_OPERATION_OPEN_H
#define BIGFS_FS_OPERATION_OPEN_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation open_operation;

void on_open(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file);

#endif
