/* SPDX-License-Identifier: MIT */
#include "fs/operation/init.h"

#include "core/base/list.h"
#include "fs/tree/driver.h"

enum {
    /*
     * How many requests the kernel may send ahead of readers. Beyond its default of 9 it drops
     * readahead.
     */
    MOST_BACKGROUND = 64,
};

void on_init(void *argument, struct fuse_conn_info *connection)
{
    struct server *server = argument;
    const struct driver *driver = list_object(server, struct driver, server);

    /* Splicing takes pipes for each thread, and nothing here would gain from it. */
    connection->want &=
        ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
    /* The kernel then checks rights (default_permissions) and asks for ACLs. */
    if (driver->kernel_checks)
        connection->want |= connection->capable & FUSE_CAP_POSIX_ACL;
    connection->max_read = MOST_READ; /* as in the mount options */
    connection->max_background = MOST_BACKGROUND;
    connection->congestion_threshold = MOST_BACKGROUND;
    connection->time_gran = 1;
    if (server->on_ready != NULL)
        server->on_ready(server);
}
