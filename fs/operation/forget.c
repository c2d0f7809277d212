/* SPDX-License-Identifier: MIT */
#include "fs/operation/forget.h"

#include "fs/serve/reply.h"
#include "fs/tree/driver.h"

/* No `refuse`: it is never queued, as it waits for nothing. */
const struct operation forget_operation = {.name = "forget"};

void on_forget(fuse_req_t fuse, fuse_ino_t inode, uint64_t lookups)
{
    const struct request request = request_begin(&forget_operation, fuse, inode);
    struct driver *driver = driver_of(fuse);

    node_forget(&driver->nodes, driver_node(driver, inode), lookups);
    reply_nothing(&request);
}

void on_forget_multi(fuse_req_t fuse, size_t count, struct fuse_forget_data *forgets)
{
    const struct request request = request_begin(&forget_operation, fuse, FUSE_ROOT_ID);
    struct driver *driver = driver_of(fuse);

    for (size_t i = 0; i < count; i++)
        node_forget(&driver->nodes, driver_node(driver, forgets[i].ino), forgets[i].nlookup);
    reply_nothing(&request);
}
