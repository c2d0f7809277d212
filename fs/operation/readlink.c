#include "fs/operation/readlink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/driver.h"

static void run_readlink(struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    char target[PATH_MAX + 1];
    AUTO_FREE char *path = node_path(driver_node(driver, request->inode), NULL);
    AUTO_CLOSE int fd =
        path != NULL ? beneath_open(&driver->pool.beneath, path, O_PATH | O_NOFOLLOW) : -ENOMEM;
    ssize_t length = fd < 0 ? fd : readlinkat(fd, "", target, sizeof(target) - 1);

    if (fd >= 0 && length < 0)
        length = errno == ENOENT ? -ESTALE : -errno; /* ENOENT: it is no longer a link */
    if (length < 0) {
        reply_failure(request, (int)length);
        return;
    }
    target[length] = '\0';
    reply_link(request, target);
}

const struct operation readlink_operation = {
    .name = "readlink", .run = run_readlink, .refuse = reply_error};

void on_readlink(fuse_req_t fuse, fuse_ino_t inode)
{
    struct request request = request_begin(&readlink_operation, fuse, inode);
    dispatch_look(&request, false);
}
