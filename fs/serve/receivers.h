/*
 * Which workers receive requests, and which stand by.
 *
 * The kernel wakes another of the threads that wait for a request each time, the one that has slept
 * longest; a request that one awake thread could take at once, its caches warm, costs a wake-up
 * instead. So only few wait there. Who is about to block (on a disk, in line) leaves, and the last
 * of those who receive calls another in its place: however many block, somebody receives.
 *
 *     stand by --called--> receive --leave--> block
 *      |  ^  ^               |   ^              |
 *      +--+  +-- more than --+   +----return----+
 *     errand     are needed
 *
 * To leave costs a lock or two, and another thread may have to wake up. What blocks hardly ever (to
 * read what is in the page cache) is ventured without leaving, but never by all who receive; and
 * who leaves calls another, too, if only such are left as are venturing: they may all have blocked.
 *
 * Who stands by also does what a thread that must not block has for others to do: an errand.
 */
#ifndef BIGFS_FS_SERVE_RECEIVERS_H
#define BIGFS_FS_SERVE_RECEIVERS_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Each may hold a reply in memory (fs/tree/driver.c), and more than these would only stand in line
 * for the one queue of /dev/fuse.
 */
enum { MOST_RECEIVERS = 10 };

struct receivers {
    pthread_mutex_t lock;
    pthread_cond_t change;          /* somebody is called, there is an errand, or the end */
    unsigned most;                  /* constant; how many receive while nobody blocks */
    void (*errand)(void *argument); /* constant */
    void *argument;                 /* constant */
    unsigned count;     /* protected by lock; wait for a request, or work on one without blocking */
    unsigned venturing; /* protected by lock; how many of them may yet block */
    unsigned errands;   /* protected by lock; how many are to be run */
    bool called;        /* protected by lock; somebody is to come though there may be no place */
    bool ended;         /* protected by lock */
};

/*
 * One for each processor, and one that waits for the next request; at most MOST_RECEIVERS. `errand`
 * is what receivers_send() has run, with `argument`; it may block.
 */
void receivers_init(struct receivers *receivers, void (*errand)(void *argument), void *argument);

/* No thread may be inside. */
void receivers_destroy(struct receivers *receivers);

/* Becomes one of those who receive; stands by until there is need. False: it is the end. */
bool receivers_enter(struct receivers *receivers);

/*
 * For who receives, between two requests: goes on, or stands by where there are enough without it.
 * False: it is the end.
 */
bool receivers_go_on(struct receivers *receivers);

/*
 * For who receives, around whatever may block or take long: from leave to return another thread
 * receives in this one's place.
 */
void receivers_leave(struct receivers *receivers);
void receivers_return(struct receivers *receivers);

/*
 * For who receives, around what blocks hardly ever. False: too many are at it, and one must leave
 * for it, or not do it. From true to ventured the caller neither leaves nor goes on.
 */
bool receivers_venture(struct receivers *receivers);
void receivers_ventured(struct receivers *receivers);

/*
 * Has one who stands by run the errand; where nobody does, the next who comes to. Once for each
 * call, and not after the end. Does not block.
 */
void receivers_send(struct receivers *receivers);

/* Ends the waiting of all who stand by, now and in future. */
void receivers_end(struct receivers *receivers);

#endif
