/* SPDX-License-Identifier: MIT */
#include "fs/operation/refuse.h"

#include <errno.h>

#include "fs/serve/reply.h"

/* No `refuse`: it is never queued, as it waits for nothing. */
const struct operation change_operation = {.name = "change"};

static void refuse_change(fuse_req_t fuse)
{
    const struct request request = request_begin(&change_operation, fuse, FUSE_ROOT_ID);
    reply_error(&request, -EROFS);
}

void refuse_setattr(fuse_req_t fuse, fuse_ino_t inode, struct stat *attributes, int to_set,
                    struct fuse_file_info *file)
{
    (void)inode;
    (void)attributes;
    (void)to_set;
    (void)file;
    refuse_change(fuse);
}

void refuse_mknod(fuse_req_t fuse, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    (void)parent;
    (void)name;
    (void)mode;
    (void)rdev;
    refuse_change(fuse);
}

void refuse_mkdir(fuse_req_t fuse, fuse_ino_t parent, const char *name, mode_t mode)
{
    (void)parent;
    (void)name;
    (void)mode;
    refuse_change(fuse);
}

void refuse_removal(fuse_req_t fuse, fuse_ino_t parent, const char *name)
{
    (void)parent;
    (void)name;
    refuse_change(fuse);
}

void refuse_symlink(fuse_req_t fuse, const char *target, fuse_ino_t parent, const char *name)
{
    (void)target;
    (void)parent;
    (void)name;
    refuse_change(fuse);
}

void refuse_rename(fuse_req_t fuse, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                   const char *new_name, unsigned flags)
{
    (void)parent;
    (void)name;
    (void)new_parent;
    (void)new_name;
    (void)flags;
    refuse_change(fuse);
}

void refuse_link(fuse_req_t fuse, fuse_ino_t inode, fuse_ino_t new_parent, const char *name)
{
    (void)inode;
    (void)new_parent;
    (void)name;
    refuse_change(fuse);
}

void refuse_create(fuse_req_t fuse, fuse_ino_t parent, const char *name, mode_t mode,
                   struct fuse_file_info *file)
{
    (void)parent;
    (void)name;
    (void)mode;
    (void)file;
    refuse_change(fuse);
}

void refuse_write(fuse_req_t fuse, fuse_ino_t inode, const char *bytes, size_t size, off_t offset,
                  struct fuse_file_info *file)
{
    (void)inode;
    (void)bytes;
    (void)size;
    (void)offset;
    (void)file;
    refuse_change(fuse);
}

void refuse_setxattr(fuse_req_t fuse, fuse_ino_t inode, const char *name, const char *value,
                     size_t size, int flags)
{
    (void)inode;
    (void)name;
    (void)value;
    (void)size;
    (void)flags;
    refuse_change(fuse);
}

void refuse_removexattr(fuse_req_t fuse, fuse_ino_t inode, const char *name)
{
    (void)inode;
    (void)name;
    refuse_change(fuse);
}

void refuse_fallocate(fuse_req_t fuse, fuse_ino_t inode, int mode, off_t offset, off_t length,
                      struct fuse_file_info *file)
{
    (void)inode;
    (void)mode;
    (void)offset;
    (void)length;
    (void)file;
    refuse_change(fuse);
}
