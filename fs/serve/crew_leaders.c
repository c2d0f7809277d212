/* SPDX-License-Identifier: MIT */
#include "fs/serve/crew_leaders.h"

#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"

void crew_leaders_init(struct crew_leaders *leaders, void (*errand)(void *argument), void *argument)
{
    /*
     * Measured (docs/performance.md): with fewer leaders a single reader waits for wake-ups, with
     * more leaders many readers do.
     */
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    unsigned most = processors > 0 ? (unsigned)min_u64((uint64_t)processors + 1, MOST_LEADERS) : 2;

    *leaders = (struct crew_leaders){.most = most, .errand = errand, .argument = argument};
    pthread_mutex_init(&leaders->lock, NULL);
    pthread_cond_init(&leaders->change, NULL);
}

void crew_leaders_destroy(struct crew_leaders *leaders)
{
    pthread_cond_destroy(&leaders->change);
    pthread_mutex_destroy(&leaders->lock);
}

/* Called with the lock held; released while the errand runs. */
static void run_errand(struct crew_leaders *leaders)
{
    leaders->errands--;
    pthread_mutex_unlock(&leaders->lock);
    leaders->errand(leaders->argument);
    pthread_mutex_lock(&leaders->lock);
}

/*
 * A call comes before an errand, and an errand before a free place, as there is a leader already.
 * The lock is held.
 */
static bool enter_leaders(struct crew_leaders *leaders)
{
    while (!leaders->ended && !leaders->called &&
           (leaders->errands > 0 || leaders->count >= leaders->most)) {
        if (leaders->errands > 0)
            run_errand(leaders);
        else
            pthread_cond_wait(&leaders->change, &leaders->lock);
    }
    leaders->called = false;
    leaders->count++;
    return !leaders->ended;
}

/*
 * Whether all leaders but the caller are venturing, and may have blocked by now. One that is not is
 * always left or has been called. The lock is held.
 */
static bool is_last(const struct crew_leaders *leaders)
{
    return leaders->count <= leaders->venturing + 1;
}

bool crew_leaders_enter(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    return enter_leaders(leaders);
}

bool crew_leaders_go_on(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    bool needed = leaders->count <= leaders->most || is_last(leaders);
    if (needed)
        return !leaders->ended;
    leaders->count--;
    return enter_leaders(leaders);
}

void crew_leaders_step_down(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    bool last = is_last(leaders);
    leaders->count--;
    if (!last)
        return;
    leaders->called = true;
    pthread_cond_signal(&leaders->change);
}

void crew_leaders_return(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    leaders->count++;
    leaders->called = false; /* now there is a leader */
}

bool crew_leaders_venture(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    if (is_last(leaders))
        return false;
    leaders->venturing++;
    return true;
}

void crew_leaders_ventured(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    leaders->venturing--;
}

void crew_leaders_send(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    leaders->errands++;
    pthread_cond_signal(&leaders->change);
}

void crew_leaders_end(struct crew_leaders *leaders)
{
    HOLD_LOCK(&leaders->lock);
    leaders->ended = true;
    pthread_cond_broadcast(&leaders->change);
}
