/* SPDX-License-Identifier: MIT */
/* Refuses every operation that changes something with EROFS. They count as one operation. */
#ifndef BIGFS_FS_OPERATION_REFUSE_H
#define BIGFS_FS_OPERATION_REFUSE_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation change_operation;

/*
 * The mount is read-only, so the kernel refuses changes itself. These functions refuse them if the
 * mount is remounted read-write.
 */
void refuse_setattr(fuse_req_t fuse, fuse_ino_t inode, struct stat *attributes, int to_set,
                    struct fuse_file_info *file);
void refuse_mknod(fuse_req_t fuse, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void refuse_mkdir(fuse_req_t fuse, fuse_ino_t parent, const char *name, mode_t mode);
void refuse_removal(fuse_req_t fuse, fuse_ino_t parent, const char *name);
void refuse_symlink(fuse_req_t fuse, const char *target, fuse_ino_t parent, const char *name);
void refuse_rename(fuse_req_t fuse, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                   const char *new_name, unsigned flags);
void refuse_link(fuse_req_t fuse, fuse_ino_t inode, fuse_ino_t new_parent, const char *name);
void refuse_create(fuse_req_t fuse, fuse_ino_t parent, const char *name, mode_t mode,
                   struct fuse_file_info *file);
void refuse_write(fuse_req_t fuse, fuse_ino_t inode, const char *bytes, size_t size, off_t offset,
                  struct fuse_file_info *file);
void refuse_setxattr(fuse_req_t fuse, fuse_ino_t inode, const char *name, const char *value,
                     size_t size, int flags);
void refuse_removexattr(fuse_req_t fuse, fuse_ino_t inode, const char *name);
void refuse_fallocate(fuse_req_t fuse, fuse_ino_t inode, int mode, off_t offset, off_t length,
                      struct fuse_file_info *file);

#endif
