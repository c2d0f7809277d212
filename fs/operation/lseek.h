/* SPDX-License-Identifier: MIT */
/* LSEEK: finds data and holes in an open file. */
#ifndef BIGFS_FS_OPERATION_LSEEK_H
#define BIGFS_FS_OPERATION_LSEEK_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation lseek_operation;

void on_lseek(fuse_req_t fuse, fuse_ino_t inode, off_t offset, int whence,
              struct fuse_file_info *file);

#endif
