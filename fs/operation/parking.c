/* SPDX-License-Identifier: MIT */
#include "fs/operation/parking.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/outcome.h"
#include "core/format/record_formats.h"
#include "fs/serve/reply.h"
#include "fs/tree/driver.h"
#include "fs/tree/node_type.h"

struct parked {
    struct index_waiter waiter;
    struct driver *driver;
    enum lane lane; /* in which it is run again */
    struct request request;
};

/*
 * The index has been made, or the file has changed, which the request will find out. The request
 * may take long, so a worker runs it and not the builder's thread.
 */
static void on_index_end(struct index_waiter *waiter, int error)
{
    struct parked *parked = list_object(waiter, struct parked, waiter);

    /* Waits for a callback under way, which finds that the request is no longer parked. */
    fuse_req_interrupt_func(parked->request.fuse, NULL, NULL);
    if (error == 0 || error == -ESTALE || error == -HELD_BY_LEASE || error == -NO_DESCRIPTOR)
        crew_resume(&parked->driver->server.crew, parked->lane, &parked->request);
    else
        parked->request.operation->refuse(&parked->request, error);
    free(parked);
}

/* Called by libfuse, which holds the request's lock. */
static void on_parked_interrupt(fuse_req_t fuse, void *argument)
{
    struct parked *parked = argument;

    (void)fuse;
    if (!index_builder_leave(&parked->driver->index_builder, &parked->waiter))
        return;
    parked->request.operation->refuse(&parked->request, -CANCELLED);
    free(parked);
}

/* The format whose records are counted, if that must be waited for, or on the way. */
static const struct record_format *format_of(const struct node *node)
{
    const struct view *view = node->type->view_of != NULL ? node->type->view_of(node) : NULL;
    return view != NULL && view->format != NULL ? view->format : default_format;
}

static int join_index(struct parked *parked, struct source *source,
                      const struct record_format *format)
{
    AUTO_READING struct reading reading = {.source = NULL};

    int error = reading_find(source, NULL, &reading, NULL);
    if (error != 0)
        return error;
    return index_builder_join(&parked->driver->index_builder, &reading, format, &parked->waiter);
}

void parking_wait(const struct request *request, const struct node *node, struct source *source,
                  enum lane lane)
{
    struct parked *parked = malloc(sizeof(*parked));

    if (parked == NULL) {
        request->operation->refuse(request, -ENOMEM);
        return;
    }
    parked->driver = driver_of(request->fuse);
    parked->lane = lane;
    request_copy(&parked->request, request);
    index_waiter_init(&parked->waiter, on_index_end);
    fuse_req_interrupt_func(request->fuse, on_parked_interrupt, parked);
    int error = join_index(parked, source != NULL ? source : node_source(node), format_of(node));
    if (error == 0)
        return; /* another thread may own it by now */
    fuse_req_interrupt_func(request->fuse, NULL, NULL);
    reply_failure(request, error);
    free(parked);
}
