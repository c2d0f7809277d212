/* SPDX-License-Identifier: MIT */
/* INIT: negotiates features with the kernel. */
#ifndef BIGFS_FS_OPERATION_INIT_H
#define BIGFS_FS_OPERATION_INIT_H

#include <fuse_lowlevel.h>

/* Calls server->on_ready at its end. */
void on_init(void *argument, struct fuse_conn_info *connection);

#endif
