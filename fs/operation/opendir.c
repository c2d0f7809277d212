/* SPDX-License-Identifier: MIT */
#include "fs/operation/opendir.h"

#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/driver.h"
#include "fs/tree/node_type.h"

/* No `refuse`: it is never queued, as it waits for nothing. */
const struct operation opendir_operation = {.name = "opendir"};

/* Only a directory of SOURCE has a stream to keep. Without memory it is still listed. */
void on_opendir(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct request request = request_begin(&opendir_operation, fuse, inode);
    struct driver *driver = driver_of(fuse);
    bool of_source = driver_node(driver, inode)->type->stands;
    struct open_dir *dir = of_source ? dir_streams_begin(&driver->dirs) : NULL;

    request.file = *file;
    request.file.fh = (uint64_t)(uintptr_t)dir;
    if (!reply_open(&request))
        dir_streams_end(&driver->dirs, dir);
}

static void run_releasedir(struct request *request)
{
    struct open_dir *dir = (struct open_dir *)(uintptr_t)request->file.fh;
    dir_streams_end(&driver_of(request->fuse)->dirs, dir);
    reply_errno(request, 0);
}

/* Closes the directory anyway. Closing may block. */
static void release_all_the_same(const struct request *request, int error)
{
    struct request copy = *request;
    (void)error;
    run_releasedir(&copy);
}

const struct operation releasedir_operation = {
    .name = "releasedir", .run = run_releasedir, .refuse = release_all_the_same};

void on_releasedir(fuse_req_t fuse, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct request request = request_begin(&releasedir_operation, fuse, inode);

    request.file = *file;
    if (file->fh == 0)
        run_releasedir(&request);
    else
        dispatch(&request, LANE_LOOKS);
}
