/* SPDX-License-Identifier: MIT */
#include "core/content/sampler.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/generation/generation_capture.h"

enum { STACK_SIZE = 128 * 1024 };

/* A file whose sample is to be taken. */
struct chore {
    struct list link;       /* protected by sampler.lock */
    struct reading reading; /* constant; owned */
    dev_t device;           /* constant */
    bool while_open;        /* constant */
};

static void free_chore(struct chore *chore)
{
    reading_close(&chore->reading);
    free(chore);
}

/* Whether a thread reads from this device. The lock is held. */
static bool is_busy(const struct sampler *sampler, dev_t device)
{
    for (const struct list *link = sampler->running.next; link != &sampler->running;
         link = link->next)
        if (list_object(link, const struct chore, link)->device == device)
            return true;
    return false;
}

/* The first file in the queue whose device is free, or NULL. The lock is held. */
static struct chore *next_chore(const struct sampler *sampler)
{
    for (struct list *link = sampler->queue.next; link != &sampler->queue; link = link->next) {
        struct chore *chore = list_object(link, struct chore, link);
        if (!is_busy(sampler, chore->device))
            return chore;
    }
    return NULL;
}

/* Waits for a file and takes it out of the queue. NULL: the end. */
static struct chore *take_chore(struct sampler *sampler)
{
    HOLD_LOCK(&sampler->lock);
    for (;;) {
        struct chore *chore = next_chore(sampler);
        if (sampler->ending)
            return NULL;
        if (chore != NULL) {
            list_remove(&chore->link);
            list_append(&sampler->running, &chore->link);
            sampler->queued--;
            return chore;
        }
        pthread_cond_wait(&sampler->change, &sampler->lock);
    }
}

static void end_chore(struct sampler *sampler, struct chore *chore)
{
    {
        HOLD_LOCK(&sampler->lock);
        list_remove(&chore->link);
        pthread_cond_signal(&sampler->change);
    }
    free_chore(chore);
}

static void *take_samples(void *argument)
{
    struct sampler *sampler = argument;
    const struct sched_param none = {0};
    struct chore *chore;

    /* Readers come first. On a busy machine a sample takes a little longer. */
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
    while ((chore = take_chore(sampler)) != NULL) {
        reading_take_sample(&chore->reading, chore->while_open);
        end_chore(sampler, chore);
    }
    return NULL;
}

void sampler_init(struct sampler *sampler)
{
    *sampler = (struct sampler){.ending = false};
    pthread_mutex_init(&sampler->lock, NULL);
    pthread_cond_init(&sampler->change, NULL);
    list_reset(&sampler->queue);
    list_reset(&sampler->running);
}

int sampler_start(struct sampler *sampler)
{
    pthread_attr_t attributes;
    int error = 0;

    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (error == 0 && sampler->thread_count < SAMPLER_THREADS) {
        error = pthread_create(&sampler->threads[sampler->thread_count], &attributes, take_samples,
                               sampler);
        sampler->thread_count += error == 0 ? 1 : 0;
    }
    pthread_attr_destroy(&attributes);
    return -error;
}

static struct chore *take_any_chore(struct sampler *sampler)
{
    HOLD_LOCK(&sampler->lock);
    if (list_empty(&sampler->queue))
        return NULL;
    struct chore *chore = list_object(sampler->queue.next, struct chore, link);
    list_remove(&chore->link);
    sampler->queued--;
    return chore;
}

void sampler_stop(struct sampler *sampler)
{
    struct chore *chore;

    {
        HOLD_LOCK(&sampler->lock);
        sampler->ending = true;
        pthread_cond_broadcast(&sampler->change);
    }
    for (unsigned i = 0; i < sampler->thread_count; i++)
        (void)pthread_join(sampler->threads[i], NULL);
    sampler->thread_count = 0;
    while ((chore = take_any_chore(sampler)) != NULL)
        free_chore(chore);
}

void sampler_destroy(struct sampler *sampler)
{
    pthread_cond_destroy(&sampler->change);
    pthread_mutex_destroy(&sampler->lock);
}

/* Returns whether there was room. */
static bool enqueue_chore(struct sampler *sampler, struct chore *chore)
{
    HOLD_LOCK(&sampler->lock);
    if (sampler->ending || sampler->queued >= SAMPLER_MOST)
        return false;
    list_append(&sampler->queue, &chore->link);
    sampler->queued++;
    pthread_cond_signal(&sampler->change);
    return true;
}

void sampler_add(struct sampler *sampler, const struct reading *reading, bool while_open)
{
    if (!generation_wants_sample(reading->generation))
        return;
    struct chore *chore = calloc(1, sizeof(*chore));
    if (chore == NULL)
        return;
    list_reset(&chore->link);
    reading_of(reading->source, reading->generation, NULL, &chore->reading);
    chore->device = reading->version.file.device;
    chore->while_open = while_open;
    if (!enqueue_chore(sampler, chore))
        free_chore(chore);
}
