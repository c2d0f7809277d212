/* The FUSE operations: requests in, replies out. */
#ifndef BIGFS_FS_OPERATION_OPERATIONS_H
#define BIGFS_FS_OPERATION_OPERATIONS_H

#include <fuse_lowlevel.h>

/* For fuse_session_new(); the user data is a struct driver. */
extern const struct fuse_lowlevel_ops operations;

#endif
