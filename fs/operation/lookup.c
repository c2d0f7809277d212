/* SPDX-License-Identifier: MIT */
#include "fs/operation/lookup.h"

#include <errno.h>
#include <string.h>

#include "core/base/outcome.h"
#include "fs/operation/dispatch.h"
#include "fs/operation/parking.h"
#include "fs/serve/reply.h"
#include "fs/tree/control_node.h"
#include "fs/tree/entry.h"

static void run_lookup(struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    struct node *parent = driver_node(driver, request->inode);
    const struct cancel cancel = server_cancel(request);
    struct entry entry = {.device = request->device};

    int error = entry_look_up(driver, parent, request->name, &cancel, &entry);
    if (error == -AWAITS_INDEX) {
        parking_wait(request, parent, entry.awaited, LANE_SCANS);
        source_unref(entry.awaited);
    } else if (error == -OTHER_DEVICE) { /* it may have to queue for that device */
        crew_queue(&driver->server.crew, LANE_LOOKS, request, entry.device);
    } else if (error != 0) {
        reply_failure(request, error);
    } else {
        const struct fuse_entry_param reply = entry_for_kernel(driver, &entry);
        if (!reply_entry(request, &reply))
            node_forget(&driver->nodes, entry.node, 1);
    }
}

const struct operation lookup_operation = {
    .name = "lookup", .names_entry = true, .run = run_lookup, .refuse = reply_error};

void on_lookup(fuse_req_t fuse, fuse_ino_t parent, const char *name)
{
    struct request request = request_begin(&lookup_operation, fuse, parent);
    struct driver *driver = driver_of(fuse);
    const struct node *node = driver_node(driver, parent);
    size_t length = strlen(name);

    if (length >= sizeof(request.name)) {
        reply_error(&request, -ENAMETOOLONG);
        return;
    }
    memcpy(request.name, name, length + 1);
    if (control_node_is(driver, node, name))
        run_lookup(&request);
    else
        dispatch_look(&request,
                      node->type->lookup_may_scan != NULL && node->type->lookup_may_scan(node));
}
