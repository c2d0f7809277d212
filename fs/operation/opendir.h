/* SPDX-License-Identifier: MIT */
/* OPENDIR and RELEASEDIR: open and close a directory for listing. */
#ifndef BIGFS_FS_OPERATION_OPENDIR_H
#define BIGFS_FS_OPERATION_OPENDIR_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation opendir_operation;
extern const struct operation releasedir_operation;

void on_opendir(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file);
void on_releasedir(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file);

#endif
