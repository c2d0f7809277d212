/* SPDX-License-Identifier: MIT */
/* The operations of a mount. Each is a pair of files and a row of the table. */
#ifndef BIGFS_FS_OPERATION_OPERATIONS_H
#define BIGFS_FS_OPERATION_OPERATIONS_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

/* All operations, in the order in which metrics list them. Ends with NULL. */
extern const struct operation *const operations[];

/* For fuse_session_new(); the user data is a struct server. */
extern const struct fuse_lowlevel_ops operation_receivers;

#endif
