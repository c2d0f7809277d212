/* SPDX-License-Identifier: MIT */
/* READ: bytes of an open file. */
#ifndef BIGFS_FS_OPERATION_READ_H
#define BIGFS_FS_OPERATION_READ_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation read_operation;

void on_read(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
             struct fuse_file_info *file);

#endif
