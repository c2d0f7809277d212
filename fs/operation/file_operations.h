/* The operations on open files. */
#ifndef BIGFS_FS_OPERATION_FILE_OPERATIONS_H
#define BIGFS_FS_OPERATION_FILE_OPERATIONS_H

#include <fuse_lowlevel.h>

void file_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);
void file_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
               struct fuse_file_info *file);
void file_seek(fuse_req_t request, fuse_ino_t inode, off_t offset, int whence,
               struct fuse_file_info *file);
void file_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);

#endif
