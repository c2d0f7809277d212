/* SPDX-License-Identifier: MIT */
#include "fs/operation/lseek.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/outcome.h"
#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/handle.h"

static void run_lseek(struct request *request)
{
    const struct handle *handle = (struct handle *)(uintptr_t)request->file.fh;
    const struct cancel cancel = server_cancel(request);
    enum extent_kind kind = request->whence == SEEK_HOLE ? EXTENT_HOLE : EXTENT_DATA;
    uint64_t found = 0;

    int error = handle_seek(handle, kind, (uint64_t)request->offset, &cancel, &found);
    if (error == -NO_MORE_DATA) /* an answer, not a failure */
        reply_errno(request, ENXIO);
    else if (error != 0)
        reply_failure(request, error);
    else
        reply_place(request, found);
}

const struct operation lseek_operation = {.name = "lseek", .run = run_lseek, .refuse = reply_error};

/* The kernel sends only SEEK_DATA and SEEK_HOLE; it handles the others itself. */
void on_lseek(fuse_req_t fuse, fuse_ino_t inode, off_t offset, int whence,
              struct fuse_file_info *file)
{
    struct request request = request_begin(&lseek_operation, fuse, inode);

    request.offset = offset;
    request.whence = whence;
    request.file = *file;
    const struct handle *handle = (struct handle *)(uintptr_t)file->fh;
    if (whence != SEEK_DATA && whence != SEEK_HOLE)
        reply_errno(&request, EINVAL);
    else if (offset < 0)
        reply_errno(&request, ENXIO);
    else if (handle->type->is_report)
        run_lseek(&request);
    else
        dispatch(&request, LANE_READS);
}
