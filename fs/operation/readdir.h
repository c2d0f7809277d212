/* SPDX-License-Identifier: MIT */
/* READDIR and READDIRPLUS: the entries of a directory, alone or with their nodes. */
#ifndef BIGFS_FS_OPERATION_READDIR_H
#define BIGFS_FS_OPERATION_READDIR_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation readdir_operation;
extern const struct operation readdirplus_operation;

void on_readdir(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
                struct fuse_file_info *file);
void on_readdirplus(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *file);

#endif
