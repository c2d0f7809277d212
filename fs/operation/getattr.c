/* SPDX-License-Identifier: MIT */
#include "fs/operation/getattr.h"

#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/attributes.h"

static void run_getattr(struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    struct node *node = driver_node(driver, request->inode);
    const struct cancel cancel = server_cancel(request);
    struct stat attributes;

    int error = attributes_now(driver, node, &cancel, &attributes);
    if (error != 0)
        reply_failure(request, error);
    else
        reply_attributes(request, &attributes, attributes_believed(driver, node, &attributes));
}

const struct operation getattr_operation = {
    .name = "getattr", .run = run_getattr, .refuse = reply_error};

void on_getattr(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct request request = request_begin(&getattr_operation, fuse, inode);
    (void)file;
    dispatch_look(&request, false);
}
