/* SPDX-License-Identifier: MIT */
/*
 * A lane of the crew (fs/serve/crew.h): bounds how many requests of a kind are worked on at once.
 *
 * A worker brings a request. If there is room, it runs the request at once. Otherwise the request
 * is queued and the worker is free again. The thread that finishes a request takes the next from
 * the queue. So a slow disk or a long scan delays only what waits for it. Some workers are always
 * left to receive requests, above all interrupts.
 *
 * Requests for the same file system (device) share its part: together they may take half of the
 * room that the others leave, but at least one place. So one or several file systems that do not
 * respond still leave room for the others.
 *
 *     worker A  --run--> [ request 1 ] --next--> [ request 3 ] …
 *     worker B  --run--> [ request 2 ] …
 *     worker C  --enter: full, request 3 queued--> back to receiving
 *
 * The queue needs no bound of its own, as each request in it stands for a program that waits for
 * its answer. If a reader is interrupted, its queued request is answered with EINTR at once.
 *
 * Lock order: a request's lock in libfuse, then crew_lane.lock (the interrupt callback).
 */
#ifndef BIGFS_FS_SERVE_CREW_LANE_H
#define BIGFS_FS_SERVE_CREW_LANE_H

#include <pthread.h>
#include <stdint.h>

#include "core/base/list.h"
#include "fs/serve/request.h"

struct crew_lane {
    pthread_mutex_t lock;
    unsigned limit;      /* constant */
    unsigned running;    /* protected by lock; the length of `working` */
    unsigned queued;     /* protected by lock; the length of `waiting` */
    struct list working; /* protected by lock */
    struct list waiting; /* protected by lock; first come, first served, within a device */
};

struct crew_load {
    unsigned running;
    unsigned queued;
};

void crew_lane_init(struct crew_lane *lane, unsigned limit);

/*
 * No request may run or wait. (A thread that runs requests returns only when the queue is empty.)
 */
void crew_lane_destroy(struct crew_lane *lane);

/*
 * Runs a copy of the request now, then others that wait; or queues a copy and returns. Always
 * answers the request: by its operation's `run`, or by `refuse` with -ENOMEM or -CANCELLED.
 * Thread-safe.
 */
void crew_lane_run(struct crew_lane *lane, const struct request *request);

/*
 * Queues a copy of the request, counted against `device`, even if there is room. A call of
 * crew_lane_work() runs it. Always answers the request. Runs nothing itself. Thread-safe.
 */
void crew_lane_queue(struct crew_lane *lane, const struct request *request, uint64_t device);

/* Runs waiting requests as long as there is room for one. Thread-safe. */
void crew_lane_work(struct crew_lane *lane);

struct crew_load crew_lane_load(struct crew_lane *lane);

#endif
