/* SPDX-License-Identifier: MIT */
#include "fs/serve/aside.h"

#include <stdlib.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "fs/serve/crew_lane.h"

enum {
    STEP_MS = 20, /* between two attempts */
};

struct set_aside {
    struct list link; /* protected by aside.lock; in `waiting` while it waits */
    struct aside *aside;
    struct crew_lane *lane; /* where it will run again */
    struct request request;
    int64_t due;      /* CLOCK_MONOTONIC, ms */
    bool interrupted; /* protected by aside.lock */
};

/* Called by libfuse, which holds the request's lock. */
static void on_aside_interrupt(fuse_req_t fuse, void *argument)
{
    struct set_aside *one = argument;
    bool ours;

    (void)fuse;
    {
        HOLD_LOCK(&one->aside->lock);
        ours = !list_empty(&one->link);
        one->interrupted = true;
        list_remove(&one->link);
    }
    if (!ours)
        return;
    one->request.operation->refuse(&one->request, -CANCELLED);
    free(one);
}

static void wait_ms(struct aside *aside, int64_t ms)
{
    const struct timespec until = clock_in_ms(ms);
    (void)pthread_cond_clockwait(&aside->change, &aside->lock, CLOCK_MONOTONIC, &until);
}

/* Removes the first request that is due, which can then no longer be interrupted. NULL: the end. */
static struct set_aside *take_next(struct aside *aside)
{
    HOLD_LOCK(&aside->lock);
    for (;;) {
        if (list_empty(&aside->waiting)) {
            if (aside->ended)
                return NULL;
            pthread_cond_wait(&aside->change, &aside->lock);
            continue;
        }
        struct set_aside *one = list_object(aside->waiting.next, struct set_aside, link);
        int64_t left = one->due - clock_ms();
        if (left <= 0 || aside->ended) {
            list_remove(&one->link);
            return one;
        }
        wait_ms(aside, left);
    }
}

static bool has_ended(struct aside *aside)
{
    HOLD_LOCK(&aside->lock);
    return aside->ended;
}

static void *run_aside(void *argument)
{
    struct aside *aside = argument;
    struct set_aside *one;

    while ((one = take_next(aside)) != NULL) {
        /* Waits for a callback under way, which finds that the request is no longer here. */
        fuse_req_interrupt_func(one->request.fuse, NULL, NULL);
        if (has_ended(aside)) {
            one->request.operation->refuse(&one->request, -CANCELLED);
        } else {
            crew_lane_queue(one->lane, &one->request, one->request.device);
            aside->work(aside->argument);
        }
        free(one);
    }
    return NULL;
}

int aside_start(struct aside *aside, void (*work)(void *argument), void *argument)
{
    *aside = (struct aside){.work = work, .argument = argument};
    pthread_mutex_init(&aside->lock, NULL);
    pthread_cond_init(&aside->change, NULL);
    list_reset(&aside->waiting);
    int error = pthread_create(&aside->thread, NULL, run_aside, aside);
    if (error == 0)
        return 0;
    aside->work = NULL;
    pthread_cond_destroy(&aside->change);
    pthread_mutex_destroy(&aside->lock);
    return -error;
}

void aside_stop(struct aside *aside)
{
    if (aside->work == NULL)
        return;
    {
        HOLD_LOCK(&aside->lock);
        if (aside->ended)
            return;
        aside->ended = true;
        pthread_cond_broadcast(&aside->change);
    }
    (void)pthread_join(aside->thread, NULL);
}

/* Returns false if the reader is already gone. */
static bool add_aside(struct aside *aside, struct set_aside *one)
{
    HOLD_LOCK(&aside->lock);
    if (one->interrupted || aside->ended)
        return false;
    list_append(&aside->waiting, &one->link);
    pthread_cond_broadcast(&aside->change);
    return true;
}

bool aside_wait(struct aside *aside, const struct request *request, int64_t longest_ms)
{
    int64_t now = clock_ms();
    struct set_aside *one = NULL;

    if (longest_ms > 0 && (request->aside_since == 0 || now - request->aside_since < longest_ms))
        one = calloc(1, sizeof(*one));
    if (one == NULL)
        return false;
    one->aside = aside;
    request_copy(&one->request, request);
    one->lane = request->lane;
    one->due = now + STEP_MS;
    if (one->request.aside_since == 0)
        one->request.aside_since = now;
    list_reset(&one->link);
    fuse_req_interrupt_func(request->fuse, on_aside_interrupt, one);
    if (add_aside(aside, one))
        return true; /* another thread may own it by now */
    fuse_req_interrupt_func(request->fuse, NULL, NULL);
    one->request.operation->refuse(&one->request, -CANCELLED);
    free(one);
    return true;
}
