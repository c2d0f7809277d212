/* SPDX-License-Identifier: MIT */
/* FORGET and BATCH_FORGET: the kernel gives nodes back. */
#ifndef BIGFS_FS_OPERATION_FORGET_H
#define BIGFS_FS_OPERATION_FORGET_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation forget_operation;

void on_forget(fuse_req_t fuse, fuse_ino_t inode, uint64_t lookups);
void on_forget_multi(fuse_req_t fuse, size_t count, struct fuse_forget_data *forgets);

#endif
