/* SPDX-License-Identifier: MIT */
/*
 * The crew: the threads that receive requests from the kernel and work on them, as leaders and
 * followers with admission.
 *
 *     /dev/fuse ──> leader ──┬── venture: answers at once if that hardly ever blocks
 *                            └── step down ──> a lane for its kind ──> work, or queue
 *     followers ──> replace a leader that stepped down; run errands
 *
 * fs/serve/crew_leaders.h has the rules of leading, fs/serve/crew_lane.h those of admission.
 *
 * All threads are started before the first request and stay, so memory and descriptors do not
 * depend on the load. (The loop of libfuse starts threads as requests come.) The number is the sum
 * of all lane limits, plus the leaders (all but one of which may have blocked in a venture), plus
 * one follower. So there is always a thread for an interrupt and for requests that need no source,
 * such as .bigfs, and, if there is room in a lane, one for an errand.
 *
 * All functions are thread-safe from crew_start() to crew_stop().
 */
#ifndef BIGFS_FS_SERVE_CREW_H
#define BIGFS_FS_SERVE_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <fuse_lowlevel.h>

#include "fs/serve/crew_lane.h"
#include "fs/serve/crew_leaders.h"
#include "fs/serve/request.h"

/* The kinds of requests, by what they may do. Each kind has a lane. */
enum lane {
    LANE_READS,   /* read pieces */
    LANE_SCANS,   /* scan content, to find where records begin */
    LANE_DIGESTS, /* hash pieces, which takes as long as reading all of them */
    LANE_LOOKS,   /* anything else that looks at SOURCE, whose disk may not respond */
    LANES,
};

/* "reads", … */
extern const char *const lane_names[LANES];

struct crew_worker;

struct crew {
    struct crew_lane lanes[LANES];
    struct crew_leaders leaders;
    struct fuse_session *session; /* constant once prepared */
    int ended;         /* eventfd, written when a worker finds that the session has ended; owned */
    atomic_int error;  /* the first that happened */
    unsigned prepared; /* constant once prepared */
    unsigned started;  /* constant once started */
    struct crew_worker *workers; /* `prepared` of them; owned */
    atomic_bool receiving;       /* all workers run; requests may be received */
};

/* Makes a crew without threads. `limits` has one limit for each lane. */
void crew_init(struct crew *crew, const unsigned *limits);

/* Frees everything. No request may be in a lane. */
void crew_destroy(struct crew *crew);

/* How many threads the crew will have. */
unsigned crew_size(const struct crew *crew);

/*
 * Allocates the receive buffer of each thread. Calls fuse_session_receive_buf() for that, which
 * must fail with EINTR as long as crew->receiving is false. Returns 0 or -errno.
 */
int crew_prepare(struct crew *crew, struct fuse_session *session);

/* Starts the threads. Returns 0, or -errno if not all could be started. */
int crew_start(struct crew *crew);

/* A descriptor that is readable once the session has ended; owned by the crew. */
int crew_ended(const struct crew *crew);

/* Whether a request is being worked on. */
bool crew_busy(const struct crew *crew);

/* A number that changes whenever a request is received or finished. */
uint64_t crew_progress(const struct crew *crew);

/*
 * Ends the session and waits for every thread to finish its request. Returns 0, or -errno if the
 * crew could not go on receiving.
 */
int crew_stop(struct crew *crew);

/*
 * Runs a request in a lane, for a leader; meanwhile another thread leads. It counts against
 * request->device. Always answers it (crew_lane_run).
 */
void crew_run(struct crew *crew, enum lane lane, const struct request *request);

/*
 * Queues a running request again, counted against `device`. Its thread goes on with the queue.
 * Always answers it.
 */
void crew_queue(struct crew *crew, enum lane lane, const struct request *request, uint64_t device);

/* The same, for a thread outside the crew: a follower does the work. Does not block. */
void crew_resume(struct crew *crew, enum lane lane, const struct request *request);

/* Sends a follower to work on the queues. Does not block. */
void crew_send(struct crew *crew);

/* Works on the queues until they are empty or there is no room. */
void crew_run_lines(struct crew *crew);

/* For a leader, around work that hardly ever blocks, as crew_leaders_venture() and …_ventured(). */
bool crew_venture(struct crew *crew);
void crew_ventured(struct crew *crew);

struct crew_load crew_load(struct crew *crew, enum lane lane);

#endif
