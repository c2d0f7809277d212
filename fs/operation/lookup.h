/* SPDX-License-Identifier: MIT */
/* LOOKUP: finds the node for a name. */
#ifndef BIGFS_FS_OPERATION_LOOKUP_H
#define BIGFS_FS_OPERATION_LOOKUP_H

#include <fuse_lowlevel.h>

#include "fs/serve/operation.h"

extern const struct operation lookup_operation;

void on_lookup(fuse_req_t fuse, fuse_ino_t parent, const char *name);

#endif
