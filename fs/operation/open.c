/* SPDX-License-Identifier: MIT */
#include "fs/operation/open.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/outcome.h"
#include "fs/operation/dispatch.h"
#include "fs/operation/parking.h"
#include "fs/serve/reply.h"
#include "fs/tree/belief.h"
#include "fs/tree/handle.h"
#include "fs/tree/node_type.h"

static enum lane lane_of(const struct node *node)
{
    return node->type->open_lane != NULL ? node->type->open_lane(node) : LANE_LOOKS;
}

static void run_open(struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    struct node *node = driver_node(driver, request->inode);
    const struct cancel cancel = server_cancel(request);
    const struct opener opener = {
        .user = fuse_req_ctx(request->fuse)->uid,
        .accepts_growth = belief_accepts_growth(node),
        .cancel = &cancel,
    };
    struct handle *handle = NULL;

    int error = handle_open(driver, node, &opener, &handle);
    if (error == -AWAITS_INDEX) {
        parking_wait(request, node, NULL, lane_of(node));
        return;
    }
    if (error != 0) {
        reply_failure(request, error);
        return;
    }
    request->file.fh = (uint64_t)(uintptr_t)handle;
    /* Generated files always use the kernel's cache, so that they can be sent and mapped. */
    request->file.direct_io = handle->type->is_piece && driver->settings->cache == CACHE_NONE;
    request->file.keep_cache = !request->file.direct_io; /* the content of a node never changes */
    if (!reply_open(request))
        handle_close(driver, handle);
}

const struct operation open_operation = {.name = "open", .run = run_open, .refuse = reply_error};

void on_open(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct request request = request_begin(&open_operation, fuse, inode);
    const struct node *node = driver_node(driver_of(fuse), inode);

    request.file = *file;
    if ((file->flags & O_ACCMODE) != O_RDONLY || (file->flags & O_TRUNC) != 0)
        reply_error(&request, -EROFS);
    else
        dispatch(&request, lane_of(node));
}
