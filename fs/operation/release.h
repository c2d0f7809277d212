/* SPDX-License-Identifier: MIT */
/* RELEASE: closes an open file. */
#ifndef BIGFS_FS_OPERATION_RELEASE_H
#define BIGFS_FS_OPERATION_RELEASE_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation release_operation;

void on_release(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file);

#endif
