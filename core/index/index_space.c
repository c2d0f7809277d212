/* SPDX-License-Identifier: MIT */
#include "core/index/index_space.h"

#include <errno.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/index/index_sweep.h"

enum {
    SWEEP_EVERY_S = 24 * 60 * 60,
    STACK_SIZE = 256 * 1024,
    SLACK = 16, /* a sweep leaves 1/SLACK free, so that the next is not due at once */
};

void index_space_init(struct index_space *space, const char *path, uint64_t limit)
{
    pthread_condattr_t attributes;

    *space = (struct index_space){.path = path, .limit = limit};
    pthread_mutex_init(&space->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&space->change, &attributes);
    pthread_condattr_destroy(&attributes);
}

static uint64_t used(struct index_space *space)
{
    HOLD_LOCK(&space->lock);
    return space->used;
}

uint64_t index_space_used(struct index_space *space)
{
    return used(space);
}

static void sweep_down(struct index_space *space, uint64_t slack)
{
    struct index_sweep sweep;

    if (space->path == NULL)
        return;
    int error = index_sweep(space->path, space->limit, slack, &space->ending, &sweep);
    HOLD_LOCK(&space->lock);
    if (error == 0 || error == -ENOENT)
        space->used = sweep.bytes;
}

void index_space_sweep(struct index_space *space)
{
    sweep_down(space, 0);
}

/* If what was kept made the sweep due, it would be due again soon. */
static void sweep_when_due(struct index_space *space)
{
    sweep_down(space, used(space) > space->limit ? space->limit / SLACK : 0);
}

/* Waits until a sweep is due. Returns false at the end. */
static bool await_sweep(struct index_space *space)
{
    struct timespec tomorrow;

    clock_gettime(CLOCK_MONOTONIC, &tomorrow);
    tomorrow.tv_sec += SWEEP_EVERY_S;
    HOLD_LOCK(&space->lock);
    while (!space->due && !atomic_load(&space->ending))
        if (pthread_cond_timedwait(&space->change, &space->lock, &tomorrow) == ETIMEDOUT)
            break;
    space->due = false;
    return !atomic_load(&space->ending);
}

static void *work(void *argument)
{
    struct index_space *space = argument;
    do
        sweep_when_due(space);
    while (await_sweep(space));
    return NULL;
}

int index_space_start(struct index_space *space)
{
    pthread_attr_t attributes;

    if (space->path == NULL)
        return 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int error = pthread_create(&space->thread, &attributes, work, space);
    pthread_attr_destroy(&attributes);
    space->started = error == 0;
    return -error;
}

void index_space_stop(struct index_space *space)
{
    {
        HOLD_LOCK(&space->lock);
        atomic_store(&space->ending, true);
        pthread_cond_signal(&space->change);
    }
    if (space->started)
        (void)pthread_join(space->thread, NULL);
    space->started = false;
}

void index_space_destroy(struct index_space *space)
{
    pthread_cond_destroy(&space->change);
    pthread_mutex_destroy(&space->lock);
}

void index_space_note(struct index_space *space, uint64_t bytes)
{
    HOLD_LOCK(&space->lock);
    space->used += bytes;
    if (space->used <= space->limit || space->due)
        return;
    space->due = true;
    pthread_cond_signal(&space->change);
}
