/*
 * The leaders of the crew (fs/serve/crew.h): which workers receive requests, and which stand by.
 *
 * The kernel wakes another of the threads that wait for a request each time, the one that has slept
 * longest. A request that an awake thread could take at once, its caches warm, costs a wake-up
 * instead. So only few threads wait there: the leaders. A leader that is about to block (on a disk,
 * in a line) steps down, and the last leader calls a follower in its place. However many threads
 * block, one receives.
 *
 *     follow --called--> lead --step down--> block
 *      |  ^  ^             |   ^               |
 *      +--+  +-- too many -+   +---- return ---+
 *     errand
 *
 * Stepping down costs a lock or two, and another thread may have to wake up. Work that blocks
 * hardly ever (reading what is in the page cache) is ventured without stepping down, but never by
 * all leaders. A leader that steps down calls a follower also if only venturing leaders are left:
 * they may all have blocked.
 *
 * A follower also runs errands: what a thread that must not block leaves to others.
 */
#ifndef BIGFS_FS_SERVE_CREW_LEADERS_H
#define BIGFS_FS_SERVE_CREW_LEADERS_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Each may hold a reply in memory (fs/serve/server.c), and more than these would only stand in line
 * for the one queue of /dev/fuse.
 */
enum { MOST_LEADERS = 10 };

struct crew_leaders {
    pthread_mutex_t lock;
    pthread_cond_t change;          /* a follower is called, there is an errand, or the end */
    unsigned most;                  /* constant; how many lead while nothing blocks */
    void (*errand)(void *argument); /* constant */
    void *argument;                 /* constant */
    unsigned count;     /* protected by lock; wait for a request, or work on one without blocking */
    unsigned venturing; /* protected by lock; how many of them may yet block */
    unsigned errands;   /* protected by lock; how many are to be run */
    bool called;        /* protected by lock; a follower is to come though there may be no place */
    bool ended;         /* protected by lock */
};

/*
 * One leader for each processor, and one that waits for the next request; at most MOST_LEADERS.
 * `errand` is what crew_leaders_send() has run, with `argument`; it may block.
 */
void crew_leaders_init(struct crew_leaders *leaders, void (*errand)(void *argument),
                       void *argument);

/* No thread may be inside. */
void crew_leaders_destroy(struct crew_leaders *leaders);

/* Becomes a leader; follows until there is need. False: it is the end. */
bool crew_leaders_enter(struct crew_leaders *leaders);

/*
 * For a leader, between two requests: goes on, or follows if there are enough without it. False: it
 * is the end.
 */
bool crew_leaders_go_on(struct crew_leaders *leaders);

/*
 * For a leader, around whatever may block or take long. From stepping down until it returns another
 * thread receives in its place.
 */
void crew_leaders_step_down(struct crew_leaders *leaders);
void crew_leaders_return(struct crew_leaders *leaders);

/*
 * For a leader, around what blocks hardly ever. False: too many are at it, and the leader must step
 * down for it, or not do it. From true to crew_leaders_ventured() it neither steps down nor goes
 * on.
 */
bool crew_leaders_venture(struct crew_leaders *leaders);
void crew_leaders_ventured(struct crew_leaders *leaders);

/*
 * Has a follower run the errand; if there is none, the next one that comes to follow. Once for each
 * call, and not after the end. Does not block.
 */
void crew_leaders_send(struct crew_leaders *leaders);

/* Ends the waiting of all followers, now and in future. */
void crew_leaders_end(struct crew_leaders *leaders);

#endif
