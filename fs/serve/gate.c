#include "fs/serve/gate.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"

void gate_init(struct gate *gate, unsigned limit)
{
    pthread_mutex_init(&gate->lock, NULL);
    gate->limit = limit;
    gate->running = 0;
    gate->queued = 0;
    list_reset(&gate->working);
    list_reset(&gate->waiting);
}

/* How many jobs of a device run. The lock is held. */
static unsigned running_of(const struct gate *gate, uint64_t device)
{
    unsigned count = 0;
    for (const struct list *link = gate->working.next; link != &gate->working; link = link->next)
        count += list_object(link, const struct job, link)->device == device ? 1 : 0;
    return count;
}

/* Whether there is room for a job, and its device has not got its share. The lock is held. */
static bool has_room(const struct gate *gate, const struct job *job)
{
    if (gate->running >= gate->limit)
        return false;
    if (job->device == 0)
        return true;
    unsigned own = running_of(gate, job->device);
    unsigned left = gate->limit - (gate->running - own);
    return own == 0 || own < left / 2;
}

/* The lock is held. */
static void start(struct gate *gate, struct job *job)
{
    list_append(&gate->working, &job->link);
    gate->running++;
}

/* The lock is held. */
static void leave_line(struct gate *gate, struct job *job)
{
    list_remove(&job->link);
    job->waiting = false;
    gate->queued--;
}

/* Takes the first job for which there is room out of the line and starts it. The lock is held. */
static struct job *start_first(struct gate *gate)
{
    for (struct list *link = gate->waiting.next; link != &gate->waiting; link = link->next) {
        struct job *job = list_object(link, struct job, link);
        if (!has_room(gate, job))
            continue;
        leave_line(gate, job);
        start(gate, job);
        return job;
    }
    return NULL;
}

void gate_destroy(struct gate *gate)
{
    assert(gate->running == 0 && list_empty(&gate->waiting));
    pthread_mutex_destroy(&gate->lock);
}

static bool enter(struct gate *gate, struct job *job)
{
    HOLD_LOCK(&gate->lock);
    if (!has_room(gate, job))
        return false;
    start(gate, job);
    return true;
}

/* Ends a job. The next one, which has been started in its place, is for the caller to run. */
static struct job *finish(struct gate *gate, struct job *job)
{
    HOLD_LOCK(&gate->lock);
    list_remove(&job->link);
    gate->running--;
    return start_first(gate);
}

/* Called by libfuse, which holds the request's lock: at most once for a job. */
static void on_interrupt(fuse_req_t request, void *argument)
{
    struct job *job = argument;
    struct gate *gate = job->gate;
    bool ours;

    (void)request;
    {
        HOLD_LOCK(&gate->lock);
        ours = job->waiting;
        job->interrupted = true;
        if (ours)
            leave_line(gate, job);
    }
    if (ours) {
        job->refuse(job, -CANCELLED);
        free(job);
    }
}

enum queueing { QUEUED, INTERRUPTED, ROOM_NOW };

static enum queueing stand_in_line(struct gate *gate, struct job *job, bool start_at_once)
{
    HOLD_LOCK(&gate->lock);
    if (job->interrupted)
        return INTERRUPTED;
    if (start_at_once && has_room(gate, job)) { /* one ended meanwhile, and found nobody waiting */
        start(gate, job);
        return ROOM_NOW;
    }
    job->waiting = true;
    list_append(&gate->waiting, &job->link);
    gate->queued++;
    return QUEUED;
}

static struct job *copy_of(struct gate *gate, const struct job *job, uint64_t device)
{
    struct job *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        job->refuse(job, -ENOMEM);
        return NULL;
    }
    {
        HOLD_LOCK(&gate->lock); /* it may be one that runs, which has neighbours in a list */
        *copy = *job;
    }
    copy->device = device;
    copy->gate = gate;
    copy->waiting = false;
    copy->interrupted = false;
    list_reset(&copy->link);
    return copy;
}

/*
 * Puts a copy of the job in line, or answers it. Returns it where it is to start at once and there
 * is room by now. Once it is in line it is not ours any more.
 */
static struct job *queue_job(struct gate *gate, const struct job *job, uint64_t device,
                             bool start_at_once)
{
    struct job *copy = copy_of(gate, job, device);
    if (copy == NULL)
        return NULL;
    fuse_req_interrupt_func(copy->request, on_interrupt, copy);
    switch (stand_in_line(gate, copy, start_at_once)) {
    case QUEUED:
        return NULL;
    case ROOM_NOW:
        return copy;
    case INTERRUPTED:
        fuse_req_interrupt_func(copy->request, NULL, NULL);
        copy->refuse(copy, -CANCELLED);
        free(copy);
        return NULL;
    }
    return NULL;
}

/* Runs jobs that were queued, one after the other. */
static void run_queued(struct gate *gate, struct job *job)
{
    while (job != NULL) {
        /* Waits for a callback under way; from here on an interrupt is only noted. */
        fuse_req_interrupt_func(job->request, NULL, NULL);
        job->run(job);
        struct job *next = finish(gate, job);
        free(job);
        job = next;
    }
}

void gate_run(struct gate *gate, const struct job *job)
{
    struct job copy = *job;

    copy.gate = gate;
    list_reset(&copy.link);
    if (enter(gate, &copy)) {
        copy.run(&copy);
        run_queued(gate, finish(gate, &copy));
    } else {
        run_queued(gate, queue_job(gate, job, job->device, true));
    }
}

void gate_queue(struct gate *gate, const struct job *job, uint64_t device)
{
    (void)queue_job(gate, job, device, false);
}

static struct job *start_next(struct gate *gate)
{
    HOLD_LOCK(&gate->lock);
    return start_first(gate);
}

void gate_work(struct gate *gate)
{
    run_queued(gate, start_next(gate));
}

struct gate_load gate_load(struct gate *gate)
{
    HOLD_LOCK(&gate->lock);
    return (struct gate_load){gate->running, gate->queued};
}
