/*
 * Extended attributes of nodes: GETXATTR and LISTXATTR.
 *
 * Only a mount whose rights the kernel checks (allow_other) has any. Without that the kernel is
 * told once that there are none, and never asks: `ls -l` asks for each file.
 */
#ifndef BIGFS_FS_OPERATION_XATTR_H
#define BIGFS_FS_OPERATION_XATTR_H

#include <fuse_lowlevel.h>

void xattr_get(fuse_req_t request, fuse_ino_t inode, const char *name, size_t size);
void xattr_list(fuse_req_t request, fuse_ino_t inode, size_t size);

#endif
