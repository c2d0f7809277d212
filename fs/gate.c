#include "fs/gate.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"

void gate_init(struct gate *gate, unsigned limit)
{
    pthread_mutex_init(&gate->lock, NULL);
    gate->limit = limit;
    gate->running = 0;
    gate->queued = 0;
    list_reset(&gate->waiting);
}

/* Takes the first job out of the line. The lock is held. */
static struct job *first_in_line(struct gate *gate)
{
    if (list_empty(&gate->waiting))
        return NULL;
    struct job *job = list_object(gate->waiting.next, struct job, link);
    list_remove(&job->link);
    job->waiting = false;
    gate->queued--;
    return job;
}

void gate_destroy(struct gate *gate)
{
    assert(gate->running == 0 && list_empty(&gate->waiting));
    pthread_mutex_destroy(&gate->lock);
}

static bool enter(struct gate *gate)
{
    HOLD_LOCK(&gate->lock);
    if (gate->running >= gate->limit)
        return false;
    gate->running++;
    return true;
}

/* The next job to run in the place of one that has ended; NULL: the place is given back. */
static struct job *next_job(struct gate *gate)
{
    HOLD_LOCK(&gate->lock);
    struct job *job = first_in_line(gate);
    if (job == NULL)
        gate->running--;
    return job;
}

/* Called by libfuse, which holds the request's lock: at most once for a job. */
static void on_interrupt(fuse_req_t request, void *argument)
{
    struct job *job = argument;
    struct gate *gate = job->gate;
    bool ours;

    {
        HOLD_LOCK(&gate->lock);
        ours = job->waiting;
        job->interrupted = true;
        if (ours) {
            list_remove(&job->link);
            job->waiting = false;
            gate->queued--;
        }
    }
    if (ours) {
        fuse_reply_err(request, EINTR);
        free(job);
    }
}

enum queueing { QUEUED, INTERRUPTED, ROOM_NOW };

static enum queueing stand_in_line(struct gate *gate, struct job *job)
{
    HOLD_LOCK(&gate->lock);
    if (job->interrupted)
        return INTERRUPTED;
    if (gate->running < gate->limit) { /* one ended meanwhile, and found nobody waiting */
        gate->running++;
        return ROOM_NOW;
    }
    job->waiting = true;
    list_append(&gate->waiting, &job->link);
    gate->queued++;
    return QUEUED;
}

/*
 * Puts a copy of the job in line, or answers it. Returns it where there is room by now. Once it is
 * in line it is not ours any more.
 */
static struct job *queue_job(struct gate *gate, const struct job *job)
{
    struct job *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        fuse_reply_err(job->request, ENOMEM);
        return NULL;
    }
    *copy = *job;
    copy->gate = gate;
    copy->waiting = false;
    copy->interrupted = false;
    list_reset(&copy->link);
    fuse_req_interrupt_func(copy->request, on_interrupt, copy);
    switch (stand_in_line(gate, copy)) {
    case QUEUED:
        return NULL;
    case ROOM_NOW:
        return copy;
    case INTERRUPTED:
        fuse_req_interrupt_func(copy->request, NULL, NULL);
        fuse_reply_err(copy->request, EINTR);
        free(copy);
        return NULL;
    }
    return NULL;
}

static void run_queued(struct gate *gate, struct job *job)
{
    while (job != NULL) {
        /* Waits for a callback under way; from here on an interrupt is only noted. */
        fuse_req_interrupt_func(job->request, NULL, NULL);
        job->run(job);
        free(job);
        job = next_job(gate);
    }
}

void gate_run(struct gate *gate, const struct job *job)
{
    if (!enter(gate)) {
        run_queued(gate, queue_job(gate, job));
        return;
    }
    struct job copy = *job;
    copy.run(&copy);
    run_queued(gate, next_job(gate));
}

struct gate_load gate_load(struct gate *gate)
{
    HOLD_LOCK(&gate->lock);
    return (struct gate_load){gate->running, gate->queued};
}
