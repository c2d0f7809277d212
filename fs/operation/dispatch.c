/* SPDX-License-Identifier: MIT */
#include "fs/operation/dispatch.h"

#include "fs/tree/driver.h"
#include "fs/tree/node_type.h"

void dispatch(struct request *request, enum lane lane)
{
    struct driver *driver = driver_of(request->fuse);
    const struct node *node = driver_node(driver, request->inode);

    if (node->type->is_control) {
        request->operation->run(request);
        return;
    }
    request->device = atomic_load(&node->device);
    crew_run(&driver->server.crew, lane, request);
}

void dispatch_look(struct request *request, bool may_scan)
{
    dispatch(request, may_scan ? LANE_SCANS : LANE_LOOKS);
}
