/* SPDX-License-Identifier: MIT */
#include "fs/serve/prefetch.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"

enum {
    LARGE = 256 * 1024, /* for smaller reads the messages cost more than the copies */
    ORDERLY = 2,        /* so many reads in order make prefetching worthwhile */
    FRESH = 100,        /* ms: a reader that pauses gets fresh bytes afterwards */
};

/* --- the pool --------------------------------------------------------------------------------- */

int prefetch_pool_init(struct prefetch_pool *pool, size_t count, size_t size)
{
    int error = buffers_init(&pool->buffers, count, size);
    if (error != 0)
        return error;
    pool->stretches = calloc(count, sizeof(*pool->stretches));
    if (pool->stretches == NULL) {
        buffers_destroy(&pool->buffers);
        return -ENOMEM;
    }
    pool->count = count;
    for (size_t i = 0; i < count; i++)
        pool->stretches[i].buffer = buffers_take(&pool->buffers);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->change, NULL);
    return 0;
}

void prefetch_pool_destroy(struct prefetch_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        buffers_give_back(&pool->buffers, pool->stretches[i].buffer);
    free(pool->stretches);
    buffers_destroy(&pool->buffers);
    pthread_cond_destroy(&pool->change);
    pthread_mutex_destroy(&pool->lock);
}

/* A member's stretch that holds the byte at `offset`, or will start with it; or NULL. Locked. */
static struct stretch *find_stretch(const struct prefetch *prefetch, uint64_t offset)
{
    struct prefetch_pool *pool = prefetch->pool;

    for (size_t i = 0; i < pool->count; i++) {
        struct stretch *stretch = &pool->stretches[i];
        if (stretch->owner == prefetch &&
            (offset == stretch->offset ||
             (offset > stretch->offset && offset - stretch->offset < stretch->length)))
            return stretch;
    }
    return NULL;
}

static bool is_fresh(const struct stretch *stretch)
{
    return clock_ms() - stretch->copied <= FRESH;
}

/* Takes a dispensable stretch for `owner`. NULL: there is none. Locked. */
static struct stretch *take_stretch(const struct prefetch *owner, uint64_t offset)
{
    struct prefetch_pool *pool = owner->pool;

    for (size_t i = 0; i < pool->count; i++) {
        struct stretch *stretch = &pool->stretches[i];
        if (stretch->users > 0 || (stretch->owner != NULL && is_fresh(stretch)))
            continue;
        *stretch = (struct stretch){
            .owner = owner, .buffer = stretch->buffer, .offset = offset, .users = 1};
        return stretch;
    }
    return NULL;
}

/* Gives up the stretches that a member has passed, and returns how many are left. Locked. */
static unsigned tidy_stretches(const struct prefetch *prefetch)
{
    struct prefetch_pool *pool = prefetch->pool;
    unsigned kept = 0;

    for (size_t i = 0; i < pool->count; i++) {
        struct stretch *stretch = &pool->stretches[i];
        if (stretch->owner != prefetch)
            continue;
        bool wanted = prefetch->in_order > 0 && stretch->offset + stretch->length > prefetch->next;
        if (wanted || stretch->users > 0)
            kept++;
        else
            stretch->owner = NULL;
    }
    return kept;
}

/* --- a member --------------------------------------------------------------------------------- */

void prefetch_init(struct prefetch *prefetch, struct prefetch_pool *pool)
{
    *prefetch = (struct prefetch){.pool = pool};
}

void prefetch_destroy(struct prefetch *prefetch)
{
    struct prefetch_pool *pool = prefetch->pool;

    HOLD_LOCK(&pool->lock);
    while (prefetch->reads > 0)
        pthread_cond_wait(&pool->change, &pool->lock);
    prefetch->in_order = 0;
    (void)tidy_stretches(prefetch);
}

/* Whether a stretch has these bytes of a member, and they may be given. Locked. */
static bool has_bytes(const struct stretch *stretch, const struct prefetch *prefetch,
                      uint64_t offset, size_t size)
{
    return stretch->owner == prefetch && size <= stretch->length - (offset - stretch->offset) &&
           is_fresh(stretch);
}

/* A read that waits for a copy is a user of it, so that it is not given up as passed. Locked. */
static void lend_stretch(struct prefetch *prefetch, uint64_t offset, size_t size,
                         struct prefetch_read *read)
{
    struct stretch *stretch = find_stretch(prefetch, offset);
    if (stretch == NULL)
        return;
    stretch->users++;
    while (stretch->owner == prefetch && stretch->length == 0)
        pthread_cond_wait(&prefetch->pool->change, &prefetch->pool->lock);
    if (!has_bytes(stretch, prefetch, offset, size)) {
        stretch->users--;
        return;
    }
    read->stretch = stretch;
    read->bytes = stretch->buffer + (offset - stretch->offset);
    read->then = stretch->then;
}

bool prefetch_concerns(const struct prefetch *prefetch, size_t size)
{
    return size >= LARGE || atomic_load(&prefetch->last) >= LARGE;
}

void prefetch_begin(struct prefetch *prefetch, uint64_t offset, size_t size,
                    struct prefetch_read *read)
{
    HOLD_LOCK(&prefetch->pool->lock);
    /* The kernel splits off what does not fit into one request (mostly a page) into another. */
    bool large = size >= LARGE || atomic_load(&prefetch->last) >= LARGE;
    *read = (struct prefetch_read){.orderly = offset == prefetch->next && large};
    prefetch->reads++;
    atomic_store(&prefetch->last, size);
    prefetch->in_order = read->orderly ? prefetch->in_order + 1 : 0;
    prefetch->next = offset + size;
    if (read->orderly)
        lend_stretch(prefetch, offset, size, read);
}

/* Begins to fill the next stretch. NULL: there is no room, or no buffer. The lock is held. */
static struct stretch *next_stretch(struct prefetch *prefetch)
{
    uint64_t offset = prefetch->next;
    const struct stretch *last;

    if (tidy_stretches(prefetch) >= PREFETCH_STRETCHES)
        return NULL;
    while ((last = find_stretch(prefetch, offset)) != NULL)
        offset = last->offset + last->length;
    return take_stretch(prefetch, offset);
}

/* Fills stretches, one after the other. The lock is held, but released while one is filled. */
static void fill_stretches(struct prefetch *prefetch, prefetch_copier *copy, void *argument)
{
    struct prefetch_pool *pool = prefetch->pool;
    size_t got = 1;

    prefetch->filling = true;
    while (got > 0 && prefetch->in_order >= ORDERLY) {
        struct stretch *stretch = next_stretch(prefetch);
        if (stretch == NULL)
            break;
        pthread_mutex_unlock(&pool->lock);
        int error = copy(argument, stretch->offset, stretch->buffer, pool->buffers.size, &got,
                         &stretch->then);
        pthread_mutex_lock(&pool->lock);
        got = error == 0 ? got : 0;
        stretch->length = got;
        stretch->copied = clock_ms();
        stretch->users--;
        if (got == 0) /* the end of the piece, or it would have to wait */
            stretch->owner = NULL;
        pthread_cond_broadcast(&pool->change);
    }
    prefetch->filling = false;
}

void prefetch_end(struct prefetch *prefetch, const struct prefetch_read *read,
                  prefetch_copier *copy, void *argument)
{
    HOLD_LOCK(&prefetch->pool->lock);
    if (read->stretch != NULL)
        read->stretch->users--;
    if (copy != NULL && read->orderly && !prefetch->filling)
        fill_stretches(prefetch, copy, argument);
    (void)tidy_stretches(prefetch);
    prefetch->reads--;
    pthread_cond_broadcast(&prefetch->pool->change);
}
