/*
 * Takes the samples of files that are open, beside their readers.
 *
 * A sample (core/generation/content_digests.h) takes a look at many places of a file, which the
 * first open must not wait for. So threads of the sampler take it right afterwards. If the file
 * grows before that, the check that finds it grown takes the sample.
 *
 *     open: [capture ends][reply]
 *     sampler:            [sample of the same content]
 *
 * A device has at most one thread, so a device that does not answer delays no samples but its own.
 * The queue is bounded. If there is no room, a file has no sample until it grows.
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
    pthread_cond_t change;              /* a file was added, a thread is free again, or the end */
    pthread_t threads[SAMPLER_THREADS]; /* constant */
    unsigned thread_count;              /* constant */
    struct list queue;                  /* protected by lock; first come, first served */
    struct list running;                /* protected by lock */
    unsigned queued;                    /* protected by lock; the length of `queue` */
    bool ending;                        /* protected by lock */
};

void sampler_init(struct sampler *sampler);

/* Starts the threads. Returns 0, or -errno: then there are as many as could be had. */
int sampler_start(struct sampler *sampler);

/*
 * Ends the threads, when they have read what they are at, and forgets what is in the queue. More
 * often than once does no harm.
 */
void sampler_stop(struct sampler *sampler);

/* Frees the rest, after sampler_stop(). */
void sampler_destroy(struct sampler *sampler);

/*
 * Has the sample of a reading's generation taken soon, if it has none. `while_open`: not if the
 * file is not open by then. Does not block.
 */
void sampler_add(struct sampler *sampler, const struct reading *reading, bool while_open);

#endif
