/* SPDX-License-Identifier: MIT */
#include "fs/operation/release.h"

#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/handle.h"

static void run_release(struct request *request)
{
    handle_close(driver_of(request->fuse), (struct handle *)(uintptr_t)request->file.fh);
    reply_errno(request, 0);
}

/* Closes the handle even if there is no memory to queue the request. */
static void close_all_the_same(const struct request *request, int error)
{
    struct request copy = *request;
    (void)error;
    run_release(&copy);
}

const struct operation release_operation = {
    .name = "release", .run = run_release, .refuse = close_all_the_same};

/* Closing a descriptor may block on a file system that flushes, as some network file systems do. */
void on_release(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct request request = request_begin(&release_operation, fuse, inode);
    request.file = *file;
    dispatch(&request, LANE_LOOKS);
}
