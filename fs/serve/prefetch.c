#include "fs/serve/prefetch.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"

enum {
    LARGE = 256 * 1024, /* smaller reads are slowed down by their messages, not by the copies */
    ORDERLY = 2,        /* after as many reads in order it is worth while */
    FRESH = 100,        /* ms: a reader that pauses gets the bytes as they are when it goes on */
};

int prefetch_pool_init(struct prefetch_pool *pool, size_t count, size_t size)
{
    return buffers_init(&pool->spare, count, size);
}

void prefetch_pool_destroy(struct prefetch_pool *pool)
{
    buffers_destroy(&pool->spare);
}

void prefetch_init(struct prefetch *prefetch, struct prefetch_pool *pool)
{
    memset(prefetch, 0, sizeof(*prefetch));
    prefetch->pool = pool;
    pthread_mutex_init(&prefetch->lock, NULL);
    pthread_cond_init(&prefetch->change, NULL);
}

static bool is_fresh(const struct stretch *stretch)
{
    return clock_ms() - stretch->copied <= FRESH;
}

/* Whether a stretch has bytes, or will have them, that a reader that goes on will want. */
static bool is_stretch_wanted(const struct prefetch *prefetch, const struct stretch *stretch)
{
    return prefetch->in_order > 0 && stretch->offset + stretch->length > prefetch->next &&
           stretch->offset < prefetch->next + PREFETCH_STRETCHES * prefetch->pool->spare.size;
}

/* The lock is held. */
static void release_stretch(struct prefetch *prefetch, struct stretch *stretch)
{
    buffers_give_back(&prefetch->pool->spare, stretch->buffer);
    stretch->buffer = NULL;
    atomic_fetch_sub(&prefetch->held, 1);
}

/* Gives back the buffers that are not, or no longer, of use. The lock is held. */
static void tidy_stretches(struct prefetch *prefetch)
{
    for (unsigned i = 0; i < PREFETCH_STRETCHES; i++) {
        struct stretch *stretch = &prefetch->stretches[i];
        bool in_use = stretch->users > 0 || (stretch->length == 0 && prefetch->filling);
        if (stretch->buffer == NULL || in_use || is_stretch_wanted(prefetch, stretch))
            continue;
        release_stretch(prefetch, stretch);
    }
}

void prefetch_destroy(struct prefetch *prefetch)
{
    {
        HOLD_LOCK(&prefetch->lock);
        while (prefetch->reads > 0)
            pthread_cond_wait(&prefetch->change, &prefetch->lock);
        prefetch->in_order = 0;
        tidy_stretches(prefetch);
    }
    pthread_cond_destroy(&prefetch->change);
    pthread_mutex_destroy(&prefetch->lock);
}

/* The stretch that has the byte at `offset`, or will begin with it; or NULL. The lock is held. */
static struct stretch *find_stretch(struct prefetch *prefetch, uint64_t offset)
{
    for (unsigned i = 0; i < PREFETCH_STRETCHES; i++) {
        struct stretch *stretch = &prefetch->stretches[i];
        if (stretch->buffer != NULL &&
            (offset == stretch->offset ||
             (offset > stretch->offset && offset - stretch->offset < stretch->length)))
            return stretch;
    }
    return NULL;
}

/* The lock is held. */
static void lend_stretch(struct prefetch *prefetch, uint64_t offset, size_t size,
                         struct prefetch_read *read)
{
    struct stretch *stretch = find_stretch(prefetch, offset);
    while (stretch != NULL && stretch->length == 0) {
        pthread_cond_wait(&prefetch->change, &prefetch->lock);
        stretch = find_stretch(prefetch, offset);
    }
    if (stretch == NULL || size > stretch->length - (offset - stretch->offset) ||
        !is_fresh(stretch))
        return;
    stretch->users++;
    read->stretch = stretch;
    read->bytes = stretch->buffer + (offset - stretch->offset);
    read->then = stretch->then;
}

bool prefetch_concerns(const struct prefetch *prefetch, size_t size)
{
    return size >= LARGE || atomic_load(&prefetch->last) >= LARGE ||
           atomic_load(&prefetch->held) > 0;
}

void prefetch_begin(struct prefetch *prefetch, uint64_t offset, size_t size,
                    struct prefetch_read *read)
{
    HOLD_LOCK(&prefetch->lock);
    /* The kernel sends what does not fit into one request, a page mostly, in another. */
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

    tidy_stretches(prefetch);
    while ((last = find_stretch(prefetch, offset)) != NULL)
        offset = last->offset + last->length;
    for (unsigned i = 0; i < PREFETCH_STRETCHES; i++) {
        struct stretch *stretch = &prefetch->stretches[i];
        if (stretch->buffer != NULL)
            continue;
        *stretch = (struct stretch){.buffer = buffers_take_spare(&prefetch->pool->spare),
                                    .offset = offset};
        if (stretch->buffer == NULL)
            return NULL;
        atomic_fetch_add(&prefetch->held, 1);
        return stretch;
    }
    return NULL;
}

/* Fills stretches, one after the other. The lock is held, but not while one is filled. */
static void fill_stretches(struct prefetch *prefetch, prefetch_copier *copy, void *argument)
{
    size_t got = 1;

    prefetch->filling = true;
    while (got > 0 && prefetch->in_order >= ORDERLY) {
        struct stretch *stretch = next_stretch(prefetch);
        if (stretch == NULL)
            break;
        pthread_mutex_unlock(&prefetch->lock);
        int error = copy(argument, stretch->offset, stretch->buffer, prefetch->pool->spare.size,
                         &got, &stretch->then);
        pthread_mutex_lock(&prefetch->lock);
        got = error == 0 ? got : 0;
        stretch->length = got;
        stretch->copied = clock_ms();
        if (got == 0) /* the end of the piece, or it takes a wait */
            release_stretch(prefetch, stretch);
        pthread_cond_broadcast(&prefetch->change);
    }
    prefetch->filling = false;
}

void prefetch_end(struct prefetch *prefetch, const struct prefetch_read *read,
                  prefetch_copier *copy, void *argument)
{
    HOLD_LOCK(&prefetch->lock);
    if (read->stretch != NULL)
        read->stretch->users--;
    if (copy != NULL && read->orderly && !prefetch->filling)
        fill_stretches(prefetch, copy, argument);
    tidy_stretches(prefetch);
    prefetch->reads--;
    pthread_cond_broadcast(&prefetch->change);
}
