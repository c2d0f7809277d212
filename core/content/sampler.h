/* SPDX-License-Identifier: MIT */
/*
 * Takes the samples of open files in the background.
 *
 * A sample (core/generation/content_digests.h) reads many places of a file, and the first open must
 * not wait for that. So the sampler's threads take it right afterwards. If the file grows before
 * that, the check that finds it grown takes the sample.
 *
 *     open: [capture ends][reply]
 *     sampler:            [sample of the same content]
 *
 * At most one thread works on a device, so a device that does not answer delays only its own
 * samples. The queue is bounded. If it is full, a file has no sample until it grows.
 *
 * All functions are thread-safe.
 */
#ifndef BIGFS_CORE_CONTENT_SAMPLER_H
#define BIGFS_CORE_CONTENT_SAMPLER_H

#include <pthread.h>
#include <stdbool.h>

#include "core/base/list.h"
#include "core/content/reading.h"

enum {
    SAMPLER_THREADS = 4,
    SAMPLER_MOST = 1024, /* files in the queue */
};

struct sampler {
    pthread_mutex_t lock;
    pthread_cond_t change; /* a file was added, a thread became free, or the sampler ends */
    pthread_t threads[SAMPLER_THREADS]; /* constant */
    unsigned thread_count;              /* constant */
    struct list queue;                  /* protected by lock; oldest first */
    struct list running;                /* protected by lock */
    unsigned queued;                    /* protected by lock; the length of `queue` */
    bool ending;                        /* protected by lock */
};

void sampler_init(struct sampler *sampler);

/* Starts the threads. Returns 0, or -errno if not all could be started. */
int sampler_start(struct sampler *sampler);

/*
 * Ends the threads, after they have finished their current samples, and empties the queue. May be
 * called more than once.
 */
void sampler_stop(struct sampler *sampler);

/* Frees the rest, after sampler_stop(). */
void sampler_destroy(struct sampler *sampler);

/*
 * Queues the sample of a reading's generation, if it has none. `while_open`: it is taken only if
 * the file is still open then. Does not block.
 */
void sampler_add(struct sampler *sampler, const struct reading *reading, bool while_open);

#endif
