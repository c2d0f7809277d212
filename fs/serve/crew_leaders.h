/* SPDX-License-Identifier: MIT */
/*
 * The leaders of the crew (fs/serve/crew.h): decide which workers receive requests and which stand
 * by.
 *
 * Of the threads that wait for a request, the kernel wakes the one that has slept longest. So a
 * request that an awake thread with warm caches could take costs a wake-up instead. Therefore only
 * a few threads wait there: the leaders. A leader that is about to block (on a disk, in a queue)
 * steps down, and the last leader calls a follower to replace it. However many threads block, one
 * receives.
 *
 *     follow --called--> lead --step down--> block
 *      |  ^  ^             |   ^               |
 *      +--+  +-- too many -+   +---- return ---+
 *     errand
 *
 * Stepping down costs a lock or two, and perhaps the wake-up of another thread. Work that hardly
 * ever blocks (reading from the page cache) is ventured without stepping down, but never by all
 * leaders at once. A leader that steps down also calls a follower if only venturing leaders are
 * left, as they may all have blocked.
 *
 * A follower also runs errands: work left by a thread that must not block.
 */
#ifndef BIGFS_FS_SERVE_CREW_LEADERS_H
#define BIGFS_FS_SERVE_CREW_LEADERS_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Each may hold a reply in memory (fs/serve/server.c), and more would only compete for the one
 * queue of /dev/fuse.
 */
enum { MOST_LEADERS = 10 };

struct crew_leaders {
    pthread_mutex_t lock;
    pthread_cond_t change;          /* a follower is called, there is an errand, or the end */
    unsigned most;                  /* constant; how many lead if nothing blocks */
    void (*errand)(void *argument); /* constant */
    void *argument;                 /* constant */
    unsigned count; /* protected by lock; leaders: waiting for a request, or working on one without
                       blocking */
    unsigned venturing; /* protected by lock; how many of them venture, and may block */
    unsigned errands;   /* protected by lock; how many are to be run */
    bool called; /* protected by lock; a follower must lead even if there are enough leaders */
    bool ended;  /* protected by lock */
};

/*
 * One leader for each processor plus one that waits for the next request; at most MOST_LEADERS.
 * crew_leaders_send() has errand(argument) run, which may block.
 */
void crew_leaders_init(struct crew_leaders *leaders, void (*errand)(void *argument),
                       void *argument);

/* No thread may be inside. */
void crew_leaders_destroy(struct crew_leaders *leaders);

/* Follows until a leader is needed, then leads. Returns false at the end. */
bool crew_leaders_enter(struct crew_leaders *leaders);

/*
 * For a leader, between two requests: goes on, or follows if there are enough others. Returns false
 * at the end.
 */
bool crew_leaders_go_on(struct crew_leaders *leaders);

/*
 * For a leader, around work that may block or take long. Between stepping down and returning,
 * another thread receives in its place.
 */
void crew_leaders_step_down(struct crew_leaders *leaders);
void crew_leaders_return(struct crew_leaders *leaders);

/*
 * For a leader, around work that hardly ever blocks. Returns false if too many venture already: the
 * leader must step down for the work or skip it. After true, it must not step down or go on before
 * crew_leaders_ventured().
 */
bool crew_leaders_venture(struct crew_leaders *leaders);
void crew_leaders_ventured(struct crew_leaders *leaders);

/*
 * Has a follower run the errand, now or as soon as there is one. Once for each call, but not after
 * the end. Does not block.
 */
void crew_leaders_send(struct crew_leaders *leaders);

/* Ends the waiting of all present and future followers. */
void crew_leaders_end(struct crew_leaders *leaders);

#endif
