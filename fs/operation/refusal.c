#include "fs/operation/refusal.h"

#include <errno.h>

void refuse_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *attributes, int to_set,
                    struct fuse_file_info *file)
{
    (void)inode;
    (void)attributes;
    (void)to_set;
    (void)file;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    (void)parent;
    (void)name;
    (void)mode;
    (void)rdev;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    (void)parent;
    (void)name;
    (void)mode;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_removal(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    (void)parent;
    (void)name;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name)
{
    (void)target;
    (void)parent;
    (void)name;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_rename(fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                   const char *new_name, unsigned flags)
{
    (void)parent;
    (void)name;
    (void)new_parent;
    (void)new_name;
    (void)flags;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_link(fuse_req_t request, fuse_ino_t inode, fuse_ino_t new_parent, const char *name)
{
    (void)inode;
    (void)new_parent;
    (void)name;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
                   struct fuse_file_info *file)
{
    (void)parent;
    (void)name;
    (void)mode;
    (void)file;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_write(fuse_req_t request, fuse_ino_t inode, const char *bytes, size_t size,
                  off_t offset, struct fuse_file_info *file)
{
    (void)inode;
    (void)bytes;
    (void)size;
    (void)offset;
    (void)file;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_setxattr(fuse_req_t request, fuse_ino_t inode, const char *name, const char *value,
                     size_t size, int flags)
{
    (void)inode;
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_removexattr(fuse_req_t request, fuse_ino_t inode, const char *name)
{
    (void)inode;
    (void)name;
    (void)fuse_reply_err(request, EROFS);
}

void refuse_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t length,
                      struct fuse_file_info *file)
{
    (void)inode;
    (void)mode;
    (void)offset;
    (void)length;
    (void)file;
    (void)fuse_reply_err(request, EROFS);
}
