/* SPDX-License-Identifier: MIT */
/*
 * Limits the space that an index directory takes. A thread sweeps it (core/index/index_sweep.h) at
 * the start, once a day, and when newly kept indexes exceed the limit. So a directory with very
 * many indexes, or on a disk that does not answer, delays nothing else.
 *
 * All functions are thread-safe.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_SPACE_H
#define BIGFS_CORE_INDEX_INDEX_SPACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct index_space {
    const char *path; /* constant; NULL: no index is kept */
    uint64_t limit;   /* constant; bytes */
    pthread_t thread; /* constant, if started */
    bool started;     /* constant after index_space_start() */
    atomic_bool ending;
    pthread_mutex_t lock;
    pthread_cond_t change; /* signalled when a sweep is due, or at the end */
    uint64_t used;         /* protected by lock; bytes, found by the last sweep or kept since */
    bool due;              /* protected by lock; a sweep is due */
};

/* The caller keeps `path`. Nothing is swept before index_space_start(). */
void index_space_init(struct index_space *space, const char *path, uint64_t limit);

/* Starts the thread. Returns 0 or -errno. */
int index_space_start(struct index_space *space);

/* Ends the thread, if it was started. May wait for the file system to answer. */
void index_space_stop(struct index_space *space);
void index_space_destroy(struct index_space *space);

/* Notes that a file of so many bytes was written. */
void index_space_note(struct index_space *space, uint64_t bytes);

/* Sweeps now, whether it is due or not. Blocks as index_sweep(). */
void index_space_sweep(struct index_space *space);

/* How many bytes the indexes take, as far as this process knows. */
uint64_t index_space_used(struct index_space *space);

#endif
