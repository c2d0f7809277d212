/* SPDX-License-Identifier: MIT */
#include "fs/operation/readdir.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "fs/operation/dispatch.h"
#include "fs/operation/parking.h"
#include "fs/serve/reply.h"
#include "fs/tree/listing.h"
#include "fs/tree/node_type.h"

static void answer_listing(const struct request *request, bool with_nodes)
{
    struct driver *driver = driver_of(request->fuse);
    AUTO_FREE char *buffer = malloc(request->size);
    struct listing listing = {
        .driver = driver,
        .fuse = request->fuse,
        .node = driver_node(driver, request->inode),
        .dir = (struct open_dir *)(uintptr_t)request->file.fh,
        .cancel = server_cancel(request),
        .with_nodes = with_nodes,
        .buffer = buffer,
        .size = request->size,
    };

    int error = buffer == NULL ? -ENOMEM : listing_fill(&listing, request->offset);
    if (error == -AWAITS_INDEX)
        parking_wait(request, listing.node, NULL, LANE_SCANS);
    else if (error != 0)
        reply_failure(request, error);
    else /* fails only at the end of the mount, when its nodes are freed with all others */
        reply_data(request, buffer, listing.used);
}

static void run_readdir(struct request *request)
{
    answer_listing(request, false);
}

static void run_readdirplus(struct request *request)
{
    answer_listing(request, true);
}

const struct operation readdir_operation = {
    .name = "readdir", .run = run_readdir, .refuse = reply_error};
const struct operation readdirplus_operation = {
    .name = "readdirplus", .run = run_readdirplus, .refuse = reply_error};

static void dispatch_listing(struct request *request, size_t size, off_t offset,
                             const struct fuse_file_info *file)
{
    const struct node *node = driver_node(driver_of(request->fuse), request->inode);

    request->size = size;
    request->offset = offset;
    request->file = *file;
    dispatch_look(request, node->type->list_may_scan != NULL && node->type->list_may_scan(node));
}

void on_readdir(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
                struct fuse_file_info *file)
{
    struct request request = request_begin(&readdir_operation, fuse, inode);
    dispatch_listing(&request, size, offset, file);
}

void on_readdirplus(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    struct request request = request_begin(&readdirplus_operation, fuse, inode);
    dispatch_listing(&request, size, offset, file);
}
