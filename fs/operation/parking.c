#include "fs/operation/parking.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/outcome.h"
#include "fs/operation/request.h"
#include "fs/tree/driver.h"

struct parked {
    struct index_waiter waiter;
    struct driver *driver;
    struct job job;
};

/*
 * The index has been made, or the file is another by now, of which the job will find out. It may
 * take long: a worker runs it, not the indexer's thread.
 */
static void on_end(struct index_waiter *waiter, int error)
{
    struct parked *parked = list_object(waiter, struct parked, waiter);
    struct driver *driver = parked->driver;

    /* Waits for a callback under way, which finds that nobody waits any more. */
    fuse_req_interrupt_func(parked->job.request, NULL, NULL);
    if (error == 0 || error == -ESTALE || error == -HELD_BY_LEASE || error == -NO_DESCRIPTOR) {
        gate_queue(&driver->scans, &parked->job, parked->job.device);
        receivers_send(&driver->receivers);
    } else {
        parked->job.refuse(&parked->job, error);
    }
    free(parked);
}

/* Called by libfuse, which holds the request's lock. */
static void on_interrupt(fuse_req_t request, void *argument)
{
    struct parked *parked = argument;

    (void)request;
    if (!indexer_leave(&parked->driver->indexer, &parked->waiter))
        return;
    parked->job.refuse(&parked->job, -CANCELLED);
    free(parked);
}

static int join(struct parked *parked, const struct node *node)
{
    struct source *source = node_large(node)->content.source;
    struct generation *generation = NULL;
    struct stat attributes;

    int error = source_look(source, &generation, &attributes);
    if (error == 0)
        error = indexer_join(&parked->driver->indexer, source, generation, &parked->waiter);
    generation_unref(generation);
    return error;
}

void parking_wait(const struct job *job, const struct node *node)
{
    struct parked *parked = malloc(sizeof(*parked));

    if (parked == NULL) {
        job->refuse(job, -ENOMEM);
        return;
    }
    parked->driver = driver_of(job->request);
    memcpy(&parked->job, job, offsetof(struct job, link)); /* the rest is the gate's */
    list_reset(&parked->job.link);
    index_waiter_init(&parked->waiter, on_end);
    fuse_req_interrupt_func(job->request, on_interrupt, parked);
    int error = join(parked, node);
    if (error == 0)
        return; /* it is not ours any more */
    fuse_req_interrupt_func(job->request, NULL, NULL);
    fail_job(job, error);
    free(parked);
}
