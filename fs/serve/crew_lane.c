/* SPDX-License-Identifier: MIT */
#include "fs/serve/crew_lane.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"

void crew_lane_init(struct crew_lane *lane, unsigned limit)
{
    pthread_mutex_init(&lane->lock, NULL);
    lane->limit = limit;
    lane->running = 0;
    lane->queued = 0;
    list_reset(&lane->working);
    list_reset(&lane->waiting);
}

/* How many requests of a device run. The lock is held. */
static unsigned running_of(const struct crew_lane *lane, uint64_t device)
{
    unsigned count = 0;
    for (const struct list *link = lane->working.next; link != &lane->working; link = link->next)
        count += list_object(link, const struct request, link)->device == device ? 1 : 0;
    return count;
}

/*
 * Whether there is room for a request and its device has not used up its share. The lock is held.
 */
static bool has_room(const struct crew_lane *lane, const struct request *request)
{
    if (lane->running >= lane->limit)
        return false;
    if (request->device == 0)
        return true;
    unsigned own = running_of(lane, request->device);
    unsigned left = lane->limit - (lane->running - own);
    return own == 0 || own < left / 2;
}

/* The lock is held. */
static void start_request(struct crew_lane *lane, struct request *request)
{
    list_append(&lane->working, &request->link);
    lane->running++;
}

/* The lock is held. */
static void leave_line(struct crew_lane *lane, struct request *request)
{
    list_remove(&request->link);
    request->waiting = false;
    lane->queued--;
}

/*
 * Takes the first request for which there is room from the queue and starts it. The lock is held.
 */
static struct request *start_first(struct crew_lane *lane)
{
    for (struct list *link = lane->waiting.next; link != &lane->waiting; link = link->next) {
        struct request *request = list_object(link, struct request, link);
        if (!has_room(lane, request))
            continue;
        leave_line(lane, request);
        start_request(lane, request);
        return request;
    }
    return NULL;
}

void crew_lane_destroy(struct crew_lane *lane)
{
    assert(lane->running == 0 && list_empty(&lane->waiting));
    pthread_mutex_destroy(&lane->lock);
}

static bool enter_lane(struct crew_lane *lane, struct request *request)
{
    HOLD_LOCK(&lane->lock);
    if (!has_room(lane, request))
        return false;
    start_request(lane, request);
    return true;
}

/* Ends a request. Returns the next one, started in its place, for the caller to run. */
static struct request *finish_request(struct crew_lane *lane, struct request *request)
{
    HOLD_LOCK(&lane->lock);
    list_remove(&request->link);
    lane->running--;
    return start_first(lane);
}

/* Called by libfuse, which holds the request's lock, at most once for a request. */
static void on_lane_interrupt(fuse_req_t fuse, void *argument)
{
    struct request *request = argument;
    struct crew_lane *lane = request->lane;
    bool ours;

    (void)fuse;
    {
        HOLD_LOCK(&lane->lock);
        ours = request->waiting;
        request->interrupted = true;
        if (ours)
            leave_line(lane, request);
    }
    if (ours) {
        request->operation->refuse(request, -CANCELLED);
        free(request);
    }
}

enum queueing { QUEUED, INTERRUPTED, ROOM_NOW };

static enum queueing join_line(struct crew_lane *lane, struct request *request, bool start_at_once)
{
    HOLD_LOCK(&lane->lock);
    if (request->interrupted)
        return INTERRUPTED;
    if (start_at_once &&
        has_room(lane, request)) { /* a request ended meanwhile and found none waiting */
        start_request(lane, request);
        return ROOM_NOW;
    }
    request->waiting = true;
    list_append(&lane->waiting, &request->link);
    lane->queued++;
    return QUEUED;
}

static struct request *copy_for_line(struct crew_lane *lane, const struct request *request,
                                     uint64_t device)
{
    struct request *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        request->operation->refuse(request, -ENOMEM);
        return NULL;
    }
    request_copy(copy, request);
    copy->device = device;
    copy->lane = lane;
    return copy;
}

/*
 * Queues a copy of the request, or answers it. Returns the copy if it should start at once and
 * there is room by now. Once queued, another thread may take it.
 */
static struct request *queue_request(struct crew_lane *lane, const struct request *request,
                                     uint64_t device, bool start_at_once)
{
    struct request *copy = copy_for_line(lane, request, device);
    if (copy == NULL)
        return NULL;
    fuse_req_interrupt_func(copy->fuse, on_lane_interrupt, copy);
    switch (join_line(lane, copy, start_at_once)) {
    case QUEUED:
        return NULL;
    case ROOM_NOW:
        return copy;
    case INTERRUPTED:
        fuse_req_interrupt_func(copy->fuse, NULL, NULL);
        copy->operation->refuse(copy, -CANCELLED);
        free(copy);
        return NULL;
    }
    return NULL;
}

/* Runs queued requests, one after the other. */
static void run_queued(struct crew_lane *lane, struct request *request)
{
    while (request != NULL) {
        /* Waits for a callback under way. From here on an interrupt is only noted. */
        fuse_req_interrupt_func(request->fuse, NULL, NULL);
        request->operation->run(request);
        struct request *next = finish_request(lane, request);
        free(request);
        request = next;
    }
}

void crew_lane_run(struct crew_lane *lane, const struct request *request)
{
    struct request copy;

    request_copy(&copy, request);
    copy.lane = lane;
    if (enter_lane(lane, &copy)) {
        copy.operation->run(&copy);
        run_queued(lane, finish_request(lane, &copy));
    } else {
        run_queued(lane, queue_request(lane, request, request->device, true));
    }
}

void crew_lane_queue(struct crew_lane *lane, const struct request *request, uint64_t device)
{
    (void)queue_request(lane, request, device, false);
}

static struct request *start_next(struct crew_lane *lane)
{
    HOLD_LOCK(&lane->lock);
    return start_first(lane);
}

void crew_lane_work(struct crew_lane *lane)
{
    run_queued(lane, start_next(lane));
}

struct crew_load crew_lane_load(struct crew_lane *lane)
{
    HOLD_LOCK(&lane->lock);
    return (struct crew_load){lane->running, lane->queued};
}
