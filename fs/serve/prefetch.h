/*
 * Prefetching for one open piece whose reads all come to the driver (--cache none).
 *
 * The kernel sends such a reader's next request only when it has the last answer. So the bytes
 * that come next are copied while the reader takes what it has. The thread that answers a read goes
 * on to copy the next stretches into spare buffers, and the next read finds them there.
 *
 *     read 0  [copy][reply]-[copy 1]-[copy 2]                  one worker
 *     reader                -takes 0- asks 1
 *     read 1                               [check][reply]      another: nothing is left to copy
 *
 * It is only for a reader that goes on in large steps, only for what can be had without waiting,
 * and at most two stretches. All members of a pool share its few buffers. A reader that pauses
 * loses its own after a moment: the next that needs one takes it.
 *
 * What was prefetched is checked when it is handed over, as every byte is: copied first, then
 * checked, then replied. The check is against the file as it was before the copy, which each
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

/* A buffer, and what is in it. */
struct stretch {
    const struct prefetch
        *owner;                /* protected by prefetch_pool.lock, as all but `buffer`; or NULL */
    char *buffer;              /* constant */
    uint64_t offset;           /* in the piece */
    size_t length;             /* 0 while it is being filled */
    int64_t copied;            /* when, in ms */
    struct file_identity then; /* the file as it was before it was copied */
    unsigned users;            /* threads that reply from it or fill it now */
};

/* What all that prefetch share. */
struct prefetch_pool {
    struct buffers buffers; /* taken by `stretches` for good */
    size_t count;           /* constant; of stretches */
    pthread_mutex_t lock;
    pthread_cond_t change;     /* a stretch has been filled or given up, or a read has ended */
    struct stretch *stretches; /* protected by lock; owned */
};

struct prefetch {
    struct prefetch_pool *pool; /* constant */
    uint64_t next;              /* protected by pool->lock; where the last read ended */
    atomic_size_t last;         /* the size of the last read that was begun */
    unsigned in_order;          /* protected by pool->lock; how many large reads went on there */
    unsigned reads;             /* protected by pool->lock; under way, filling included */
    bool filling;               /* protected by pool->lock; one of them fills */
};

/* One read of the piece. */
struct prefetch_read {
    const char *bytes; /* what was copied ahead, not checked yet; NULL: nothing, or not all */
    struct stretch *stretch;
    struct file_identity then; /* the file as it was before they were copied */
    bool orderly;              /* others will follow */
};

/*
 * Copies up to `size` bytes of the piece at `offset`, without waiting, and tells how the file was
 * before that. Returns 0 or -errno.
 */
typedef int prefetch_copier(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                            struct file_identity *then);

/* A pool of `count` buffers of `size` bytes. Returns 0 or -ENOMEM. */
int prefetch_pool_init(struct prefetch_pool *pool, size_t count, size_t size);

/* It must have no members any more. */
void prefetch_pool_destroy(struct prefetch_pool *pool);

/* Makes a member of the pool. */
void prefetch_init(struct prefetch *prefetch, struct prefetch_pool *pool);

/* Waits for reads under way to end, and gives the buffers back. No read may begin any more. */
void prefetch_destroy(struct prefetch *prefetch);

/* Whether a read of this size need be begun and ended: not one of many small ones. Thread-safe. */
bool prefetch_concerns(const struct prefetch *prefetch, size_t size);

/*
 * Begins a read, which must be ended. It has `bytes` if all it asks for has been copied ahead;
 * waits for a copy that is being made just now. Thread-safe.
 */
void prefetch_begin(struct prefetch *prefetch, uint64_t offset, size_t size,
                    struct prefetch_read *read);

/*
 * Ends a read, after its answer has been sent: its bytes are gone, and the next stretches are
 * copied by `copy`, if no other thread copies, for as long as there is room. If `copy` is NULL they
 * are not. Closing the piece waits for this, so nothing that takes long may come before.
 * Thread-safe.
 */
void prefetch_end(struct prefetch *prefetch, const struct prefetch_read *read,
                  prefetch_copier *copy, void *argument);

#endif
