/*
 * The leaders of the crew (fs/serve/crew.h): which workers receive requests, and which stand by.
 *
 * For each request the kernel wakes the waiting thread that has slept longest. A request that an
 * awake thread could take at once, its caches warm, costs a wake-up instead. So only a few threads
 * wait there: the leaders. A leader that is about to block (on a disk, in a line) steps down, and
 * the last leader calls a follower to take its place. However many threads block, one receives.
 *
 *     follow --called--> lead --step down--> block
 *      |  ^  ^             |   ^               |
 *      +--+  +-- too many -+   +---- return ---+
 *     errand
 *
 * Stepping down costs a lock or two, and another thread may have to wake up. Work that hardly ever
 * blocks (reading from the page cache) is ventured without stepping down, but never by all leaders.
 * A leader that steps down also calls a follower if only venturing leaders are left, as they may
 * all have blocked.
 *
 * A follower also runs errands: work that a thread that must not block leaves to others.
 */
#ifndef BIGFS_FS_SERVE_CREW_LEADERS_H
#define BIGFS_FS_SERVE_CREW_LEADERS_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Each may hold a reply in memory (fs/serve/server.c), and more leaders would only wait for the one
 * queue of /dev/fuse.
 */
enum { MOST_LEADERS = 10 };

struct crew_leaders {
    pthread_mutex_t lock;
    pthread_cond_t change;          /* a follower is called, an errand is sent, or it is the end */
    unsigned most;                  /* constant; how many lead while nothing blocks */
    void (*errand)(void *argument); /* constant */
    void *argument;                 /* constant */
    unsigned count; /* protected by lock; leaders: they wait for a request, or work on one without
                       blocking */
    unsigned venturing; /* protected by lock; how many of them may block after all */
    unsigned errands;   /* protected by lock; how many are still to be run */
    bool called; /* protected by lock; a follower must lead even if there are enough leaders */
    bool ended;  /* protected by lock */
};

/*
 * One leader for each processor and one that waits for the next request, but at most MOST_LEADERS.
 * A follower calls `errand` with `argument` for each crew_leaders_send(); it may block.
 */
void crew_leaders_init(struct crew_leaders *leaders, void (*errand)(void *argument),
                       void *argument);

/* No thread may be inside. */
void crew_leaders_destroy(struct crew_leaders *leaders);

/* Follows until a leader is needed, and becomes one. Returns false at the end. */
bool crew_leaders_enter(struct crew_leaders *leaders);

/*
 * For a leader, between two requests: goes on, or follows if there are enough leaders without it.
 * Returns false at the end.
 */
bool crew_leaders_go_on(struct crew_leaders *leaders);

/*
 * For a leader, around work that may block or take long. Another thread receives in its place
 * meanwhile.
 */
void crew_leaders_step_down(struct crew_leaders *leaders);
void crew_leaders_return(struct crew_leaders *leaders);

/*
 * For a leader, around work that hardly ever blocks. Returns false if too many leaders are
 * venturing; the leader must then step down for the work, or not do it. If it returns true, the
 * leader must neither step down nor go on before crew_leaders_ventured().
 */
bool crew_leaders_venture(struct crew_leaders *leaders);
void crew_leaders_ventured(struct crew_leaders *leaders);

/*
 * Has a follower run the errand, or the next thread that follows if there is none. It is run once
 * for each call, and not after the end. Does not block.
 */
void crew_leaders_send(struct crew_leaders *leaders);

/* Ends the waiting of all followers, now and later. */
void crew_leaders_end(struct crew_leaders *leaders);

#endif
