/*
 * A lane of the crew (fs/serve/crew.h): bounds how many requests of a kind are worked on at once.
 *
 * A worker brings a request. If there is room, it runs the request at once. Otherwise the request
 * waits in line and the worker is free for others. A thread that finishes a request takes the next
 * one from the line. So a slow disk or a long scan holds up only the requests that wait for it: a
 * few workers are always left to receive requests, above all interrupts.
 *
 * Requests that need the same file system (device) share. Together they may take half of the room
 * that the others leave, and at least one place. So a file system that does not answer leaves room
 * for the others, and so do several.
 *
 *     worker A  --run--> [ request 1 ] --next--> [ request 3 ] …
 *     worker B  --run--> [ request 2 ] …
 *     worker C  --enter: full, request 3 queued--> back to receiving
 *
 * The line needs no bound of its own, as each request in it is one program that waits for its
 * answer. A queued request is answered with EINTR as soon as its reader is interrupted.
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

/* No request may run or wait. A thread that runs requests returns only when the line is empty. */
void crew_lane_destroy(struct crew_lane *lane);

/*
 * Runs a copy of the request now, and then others that wait; or puts a copy in line and returns.
 * The request is answered in every case: by its operation's `run`, or by `refuse` with -ENOMEM or
 * -CANCELLED. Thread-safe.
 */
void crew_lane_run(struct crew_lane *lane, const struct request *request);

/*
 * Puts a copy of the request in line, as one of `device`, even if there is room, for a thread that
 * calls crew_lane_work(). The request is answered in every case. Runs nothing. Thread-safe.
 */
void crew_lane_queue(struct crew_lane *lane, const struct request *request, uint64_t device);

/* Runs waiting requests as long as there is room for one of them. Thread-safe. */
void crew_lane_work(struct crew_lane *lane);

struct crew_load crew_lane_load(struct crew_lane *lane);

#endif
