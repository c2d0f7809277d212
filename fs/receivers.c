#include "fs/receivers.h"

#include <unistd.h>

#include "core/cleanup.h"

void receivers_init(struct receivers *receivers)
{
    /* Measured (docs/performance.md): with fewer a reader waits for wake-ups, with more, many do.
     */
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    *receivers = (struct receivers){.most = processors > 0 ? (unsigned)processors + 1 : 2};
    pthread_mutex_init(&receivers->lock, NULL);
    pthread_cond_init(&receivers->change, NULL);
}

void receivers_destroy(struct receivers *receivers)
{
    pthread_cond_destroy(&receivers->change);
    pthread_mutex_destroy(&receivers->lock);
}

/* The lock is held. */
static bool enter(struct receivers *receivers)
{
    while (!receivers->ended && !receivers->called && receivers->count >= receivers->most)
        pthread_cond_wait(&receivers->change, &receivers->lock);
    receivers->called = false;
    receivers->count++;
    return !receivers->ended;
}

bool receivers_enter(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    return enter(receivers);
}

bool receivers_go_on(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    if (receivers->count <= receivers->most)
        return !receivers->ended;
    receivers->count--;
    return enter(receivers);
}

void receivers_leave(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    if (--receivers->count > 0)
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
    if (receivers->venturing + 1 >= receivers->count)
        return false;
    receivers->venturing++;
    return true;
}

void receivers_ventured(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    receivers->venturing--;
}

void receivers_end(struct receivers *receivers)
{
    HOLD_LOCK(&receivers->lock);
    receivers->ended = true;
    pthread_cond_broadcast(&receivers->change);
}
