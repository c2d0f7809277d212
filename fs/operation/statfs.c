/* SPDX-License-Identifier: MIT */
#include "fs/operation/statfs.h"

#include <errno.h>

#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/driver.h"

static void run_statfs(struct request *request)
{
    struct statvfs statistics;
    if (fstatvfs(driver_of(request->fuse)->directory, &statistics) != 0)
        reply_error(request, -errno);
    else
        reply_statistics(request, &statistics);
}

const struct operation statfs_operation = {
    .name = "statfs", .run = run_statfs, .refuse = reply_error};

/* The root's file system answers for every node. */
void on_statfs(fuse_req_t fuse, fuse_ino_t inode)
{
    struct request request = request_begin(&statfs_operation, fuse, FUSE_ROOT_ID);
    (void)inode;
    dispatch_look(&request, false);
}
