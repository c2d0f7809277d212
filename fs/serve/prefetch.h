/*
 * Prefetching for one open piece whose reads all reach bigfs (--cache none).
 *
 * The kernel sends such a reader's next request only after the last answer. So the bytes that
 * follow are copied while the reader processes what it has. The thread that answers a read goes on
 * to copy the next stretches into spare buffers, and the next read finds them there.
 *
 *     read 0  [copy][reply]-[copy 1]-[copy 2]                  one worker
 *     reader                -takes 0- asks 1
 *     read 1                               [check][reply]      another: nothing is left to copy
 *
 * Only for a reader that goes on in large steps, only for bytes that can be had without waiting,
 * and only up to two stretches. All members of a pool share its few buffers. A reader that pauses
 * loses its buffers after a moment to the next member that needs one.
 *
 * Prefetched bytes are checked when they are handed over, like all others: copied first, then
 * checked, then replied. The file is compared with its state before the copy, which each stretch
 * remembers.
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
    unsigned users;            /* threads that are replying from it or filling it */
};

/* What all members share. */
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
    unsigned in_order; /* protected by pool->lock; how many large reads in a row began at `next` */
    unsigned reads;    /* protected by pool->lock; under way, filling included */
    bool filling;      /* protected by pool->lock; one of them is filling */
};

/* One read of the piece. */
struct prefetch_read {
    const char *bytes; /* prefetched, not checked yet; NULL: not all bytes were prefetched */
    struct stretch *stretch;
    struct file_identity then; /* the file as it was before they were copied */
    bool orderly;              /* more reads will follow */
};

/*
 * Copies up to `size` bytes of the piece at `offset`, without waiting, and sets *then to the state
 * of the file before that. Returns 0 or -errno.
 */
typedef int prefetch_copier(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                            struct file_identity *then);

/* A pool of `count` buffers of `size` bytes. Returns 0 or -ENOMEM. */
int prefetch_pool_init(struct prefetch_pool *pool, size_t count, size_t size);

/* The pool must have no members left. */
void prefetch_pool_destroy(struct prefetch_pool *pool);

/* Makes a member of the pool. */
void prefetch_init(struct prefetch *prefetch, struct prefetch_pool *pool);

/* Waits for reads under way to end, and gives the buffers back. No new read may begin. */
void prefetch_destroy(struct prefetch *prefetch);

/*
 * Whether a read of this size must be begun and ended. One of many small reads need not.
 * Thread-safe.
 */
bool prefetch_concerns(const struct prefetch *prefetch, size_t size);

/*
 * Begins a read, which must be ended. Sets read->bytes if everything it asks for has been
 * prefetched. Waits for a copy that is being made. Thread-safe.
 */
void prefetch_begin(struct prefetch *prefetch, uint64_t offset, size_t size,
                    struct prefetch_read *read);

/*
 * Ends a read after its answer has been sent. Its bytes are gone. Then `copy`, unless it is NULL,
 * copies the next stretches as long as there is room, if no other thread is copying. Closing the
 * piece waits for this, so nothing that takes long may come before it. Thread-safe.
 */
void prefetch_end(struct prefetch *prefetch, const struct prefetch_read *read,
                  prefetch_copier *copy, void *argument);

#endif
