#include "fs/serve/receivers.h"

#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"

void receivers_init(struct receivers *receivers, void (*errand)(void *argument), void *argument)
{
    /* Measured (docs/performance.md): with fewer a reader waits for wake-ups, with more, many do.
     */
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    unsigned most =
        processors > 0 ? (unsigned)min_u64((uint64_t)processors + 1, MOST_RECEIVERS) : 2;

    *receivers = (struct receivers){.most = most, .errand = errand, .argument = argument};
    pthread_mutex_init(&receivers->lock, NULL);
    pthread_cond_init(&receivers->change, NULL);
}

void receivers_destroy(struct receivers *receivers)
{
    pthread_cond_destroy(&receivers->change);
    pthread_mutex_destroy(&receivers->lock);
}

/* The lock is held, but not meanwhile. */
static void run_errand(struct receivers *receivers)
{
    receivers->errands--;
    pthread_mutex_unlock(&receivers->lock);
    receivers->errand(receivers->argument);
    pthread_mutex_lock(&receivers->lock);
}

/*
 * An errand comes before a place that is free, as somebody receives, and after a call. The lock is
 * held.
 */
static bool enter(struct receivers *receivers)
{
    while (!receivers->ended && !receivers->called &&
           (receivers->errands > 0 || receivers->count >= receivers->most)) {
        if (receivers->errands > 0)
            run_errand(receivers);
        else
            pthread_cond_wait(&receivers->change, &receivers->lock);
    }
    receivers->called = false;
    receivers->count++;
    return !receivers->ended;
}

/*
 * Whether all but the caller, who receives, are venturing, and may have blocked by now. Such a one
 * is always left, or has been called. The lock is held.
 */
static bool is_last(const struct receivers *receivers)
{
    return receivers->count <= receivers->venturing + 1;
}

bool receivers_enter(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    return enter(receivers);
}

bool receivers_go_on(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    bool needed = receivers->count <= receivers->most || is_last(receivers);
    if (needed)
        return !receivers->ended;
    receivers->count--;
    return enter(receivers);
}

void receivers_leave(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    bool last = is_last(receivers);
    receivers->count--;
    if (!last)
        return;
    receivers->called = true;
    pthread_cond_signal(&receivers->change);
}

void receivers_return(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    receivers->count++;
    receivers->called = false; /* here is one */
}

bool receivers_venture(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    if (is_last(receivers))
        return false;
    receivers->venturing++;
    return true;
}

void receivers_ventured(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    receivers->venturing--;
}

void receivers_send(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    receivers->errands++;
    pthread_cond_signal(&receivers->change);
}

void receivers_end(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    receivers->ended = true;
    pthread_cond_broadcast(&receivers->change);
}
