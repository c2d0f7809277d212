/*
 * Reading ahead for one open piece whose reads all come to the driver (--cache none).
 *
 * The kernel sends such a reader's next request only when it has the last answer. So the bytes
 * that come next are copied while it takes what it has: the thread that answers a read goes on to
 * copy the next stretches into spare buffers, and the next read finds them there.
 *
 *     read 0  [copy][reply]-[copy 1]-[copy 2]                  one worker
 *     reader                -takes 0- asks 1
 *     read 1                               [check][reply]      another: nothing is left to copy
 *
 * Only for a reader that goes on in large steps, only what can be had without waiting, at most two
 * stretches, and only as long as there are spare buffers. A reader that pauses may lose its own to
 * others. What was copied ahead is checked when it is handed over, as every byte is: copied first,
 * then checked, then replied. The check is against the file as it was before the copy, which each
 * stretch remembers.
 */
#ifndef BIGFS_FS_SERVE_AHEAD_H
#define BIGFS_FS_SERVE_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/file/file_identity.h"
#include "fs/serve/buffers.h"

enum { AHEAD_STRETCHES = 2 };

struct stretch {
    char *buffer;    /* a spare one, from when it begins to be filled until it is passed; or NULL */
    uint64_t offset; /* in the piece */
    size_t length;   /* 0 while it is being filled */
    int64_t copied;  /* when, in ms */
    struct file_identity then; /* the file as it was before it was copied */
    unsigned users;            /* threads that reply from it now */
};

/* What all that read ahead share. */
struct ahead_pool {
    struct buffers spare; /* has its own lock */
    pthread_mutex_t lock;
    struct list members; /* protected by lock */
};

struct ahead {
    struct ahead_pool *pool; /* constant */
    struct list link;        /* protected by pool->lock */
    pthread_mutex_t lock;
    pthread_cond_t change; /* a stretch has been filled or given up, or a read has ended */
    uint64_t next;         /* protected by lock; where the last read ended */
    atomic_size_t last;    /* the size of the last read that was begun */
    atomic_uint held;      /* how many stretches have a buffer; written under lock */
    unsigned in_order;     /* protected by lock; how many large reads went on there */
    unsigned reads;        /* protected by lock; under way, filling included */
    bool filling;          /* protected by lock; one of them fills */
    struct stretch stretches[AHEAD_STRETCHES]; /* protected by lock */
};

/* One read of the piece. */
struct ahead_read {
    const char *bytes; /* what was copied ahead, not checked yet; NULL: nothing, or not all */
    struct stretch *stretch;
    struct file_identity then; /* the file as it was before they were copied */
    bool orderly;              /* others will follow */
};

/*
 * Copies up to `size` bytes of the piece at `offset`, without waiting, and tells how the file was
 * before that. Returns 0 or -errno.
 */
typedef int ahead_copier(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                         struct file_identity *then);

/* A pool of `count` buffers of `size` bytes. Returns 0 or -ENOMEM. */
int ahead_pool_init(struct ahead_pool *pool, size_t count, size_t size);

/* It must have no members any more. */
void ahead_pool_destroy(struct ahead_pool *pool);

/* Makes a member of the pool. */
void ahead_init(struct ahead *ahead, struct ahead_pool *pool);

/* Waits for reads under way to end, and gives the buffers back. No read may begin any more. */
void ahead_destroy(struct ahead *ahead);

/*
 * Whether a read of this size need be begun and ended: not one of many small ones, once what was
 * copied ahead before these is given back. Thread-safe.
 */
bool ahead_concerns(const struct ahead *ahead, size_t size);

/*
 * Begins a read, which must be ended. It has `bytes` if all it asks for has been copied ahead;
 * waits for a copy that is being made just now. Thread-safe.
 */
void ahead_begin(struct ahead *ahead, uint64_t offset, size_t size, struct ahead_read *read);

/*
 * Ends a read, after its answer has been sent: its bytes are gone, and the next stretches are
 * copied by `copy`, if nobody else is at it, for as long as there is room. NULL: they are not. Who
 * closes the piece waits for this, so nothing that takes long may come before. Thread-safe.
 */
void ahead_end(struct ahead *ahead, const struct ahead_read *read, ahead_copier *copy,
               void *argument);

#endif
