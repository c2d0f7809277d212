/* SPDX-License-Identifier: MIT */
/*
 * Prefetching for one open piece whose reads all reach the driver (--cache none).
 *
 * The kernel sends such a reader's next request only after the last answer. So the next bytes are
 * copied while the reader processes the last ones. The thread that answers a read goes on to copy
 * the next stretches into spare buffers, where the next read finds them.
 *
 *     read 0  [copy][reply]-[copy 1]-[copy 2]                  one worker
 *     reader                -takes 0- asks 1
 *     read 1                               [check][reply]      another worker; nothing to copy
 *
 * Only for sequential readers with large steps, only for bytes that can be had without waiting, and
 * at most two stretches. All members of a pool share its few buffers. A reader that pauses loses
 * its buffer after a moment to the next reader that needs one.
 *
 * Prefetched bytes are checked when they are handed over, like all others: copied first, then
 * checked, then replied. The check compares with the file as it was before the copy, which each
 * stretch remembers.
 */
#ifndef BIGFS_FS_SERVE_PREFETCH_H
#define BIGFS_FS_SERVE_PREFETCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/file/file_identity.h"
#include "fs/serve/buffers.h"

enum { PREFETCH_STRETCHES = 2 };

struct prefetch;

/* A buffer and its contents. */
struct stretch {
    const struct prefetch
        *owner;                /* protected by prefetch_pool.lock, like all but `buffer`; or NULL */
    char *buffer;              /* constant */
    uint64_t offset;           /* in the piece */
    size_t length;             /* 0 while it is being filled */
    int64_t copied;            /* when, in ms */
    struct file_identity then; /* the file as it was before it was copied */
    unsigned users;            /* threads that reply from it, fill it or wait for it now */
};

/* Shared by all members. */
struct prefetch_pool {
    struct buffers buffers; /* all taken by `stretches`, for good */
    size_t count;           /* constant; of stretches */
    pthread_mutex_t lock;
    pthread_cond_t change;     /* a stretch has been filled or given up, or a read has ended */
    struct stretch *stretches; /* protected by lock; owned */
};

struct prefetch {
    struct prefetch_pool *pool; /* constant */
    uint64_t next;              /* protected by pool->lock; where the last read ended */
    atomic_size_t last;         /* the size of the last read that was begun */
    unsigned in_order;          /* protected by pool->lock; how many large reads continued there */
    unsigned reads;             /* protected by pool->lock; under way, filling included */
    bool filling;               /* protected by pool->lock; one of them fills */
};

/* One read of the piece. */
struct prefetch_read {
    const char *bytes; /* prefetched, not yet checked; NULL: nothing, or not all */
    struct stretch *stretch;
    struct file_identity then; /* the file as it was before they were copied */
    bool orderly;              /* more reads are expected to follow */
};

/*
 * Copies up to `size` bytes of the piece at `offset` without waiting. Reports how the file was
 * before. Returns 0 or -errno.
 */
typedef int prefetch_copier(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                            struct file_identity *then);

/* A pool of `count` buffers of `size` bytes. Returns 0 or -ENOMEM. */
int prefetch_pool_init(struct prefetch_pool *pool, size_t count, size_t size);

/* The pool must have no members left. */
void prefetch_pool_destroy(struct prefetch_pool *pool);

/* Makes a member of the pool. */
void prefetch_init(struct prefetch *prefetch, struct prefetch_pool *pool);

/* Waits for reads under way to end, and returns the buffers. No read may begin after this. */
void prefetch_destroy(struct prefetch *prefetch);

/*
 * Whether a read of this size needs prefetch_begin() and prefetch_end(): not if it is one of many
 * small ones. Thread-safe.
 */
bool prefetch_concerns(const struct prefetch *prefetch, size_t size);

/*
 * Begins a read, which must be ended. Sets `bytes` if all it asks for has been prefetched. Waits
 * for a copy that is being made right now. Thread-safe.
 */
void prefetch_begin(struct prefetch *prefetch, uint64_t offset, size_t size,
                    struct prefetch_read *read);

/*
 * Ends a read after its answer has been sent; its bytes become invalid. Unless another thread is
 * copying, copies the next stretches with `copy` as long as there is room. If `copy` is NULL,
 * copies nothing. Closing the piece waits for this, so nothing slow may come before it.
 * Thread-safe.
 */
void prefetch_end(struct prefetch *prefetch, const struct prefetch_read *read,
                  prefetch_copier *copy, void *argument);

#endif
