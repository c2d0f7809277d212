#include "fs/serve/ahead.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"

enum {
    LARGE = 256 * 1024, /* smaller reads are slowed down by their messages, not by the copies */
    ORDERLY = 2,        /* after as many reads in order it is worth while */
    FRESH = 100,        /* ms: a reader that pauses gets the bytes as they are when it goes on */
};

int ahead_pool_init(struct ahead_pool *pool, size_t count, size_t size)
{
    int error = buffers_init(&pool->spare, count, size);
    if (error != 0)
        return error;
    pthread_mutex_init(&pool->lock, NULL);
    list_reset(&pool->members);
    return 0;
}

void ahead_pool_destroy(struct ahead_pool *pool)
{
    assert(list_empty(&pool->members));
    pthread_mutex_destroy(&pool->lock);
    buffers_destroy(&pool->spare);
}

void ahead_init(struct ahead *ahead, struct ahead_pool *pool)
{
    memset(ahead, 0, sizeof(*ahead));
    ahead->pool = pool;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->change, NULL);
    list_reset(&ahead->link);
    HOLD_LOCK(&pool->lock);
    list_append(&pool->members, &ahead->link);
}

static bool is_fresh(const struct stretch *stretch)
{
    return clock_ms() - stretch->copied <= FRESH;
}

/* A buffer whose bytes nobody may have any more, taken from a reader that pauses; or NULL. The lock
 * is held. */
static char *give_up_stale(struct ahead *ahead)
{
    for (unsigned i = 0; i < AHEAD_STRETCHES; i++) {
        struct stretch *stretch = &ahead->stretches[i];
        char *buffer = stretch->buffer;
        if (buffer == NULL || stretch->length == 0 || stretch->users > 0 || is_fresh(stretch))
            continue;
        stretch->buffer = NULL;
        atomic_fetch_sub(&ahead->held, 1);
        return buffer;
    }
    return NULL;
}

/* Looks for one among the others. A busy one is passed over: no two wait for each other. */
static char *take_from_idle(struct ahead *ahead)
{
    struct ahead_pool *pool = ahead->pool;
    char *buffer = NULL;

    HOLD_LOCK(&pool->lock);
    for (struct list *link = pool->members.next; link != &pool->members && buffer == NULL;
         link = link->next) {
        struct ahead *other = list_object(link, struct ahead, link);
        if (other == ahead || pthread_mutex_trylock(&other->lock) != 0)
            continue;
        buffer = give_up_stale(other);
        pthread_mutex_unlock(&other->lock);
    }
    return buffer;
}

/* The lock is held. */
static char *take_buffer(struct ahead *ahead)
{
    char *buffer = buffers_take_spare(&ahead->pool->spare);
    return buffer != NULL ? buffer : take_from_idle(ahead);
}

/* Whether a stretch has bytes, or will have them, that a reader that goes on will want. */
static bool is_wanted(const struct ahead *ahead, const struct stretch *stretch)
{
    return ahead->in_order > 0 && stretch->offset + stretch->length > ahead->next &&
           stretch->offset < ahead->next + AHEAD_STRETCHES * ahead->pool->spare.size;
}

/* The lock is held. */
static void release(struct ahead *ahead, struct stretch *stretch)
{
    buffers_give_back(&ahead->pool->spare, stretch->buffer);
    stretch->buffer = NULL;
    atomic_fetch_sub(&ahead->held, 1);
}

/* Gives back the buffers that are not, or no longer, of use. The lock is held. */
static void tidy(struct ahead *ahead)
{
    for (unsigned i = 0; i < AHEAD_STRETCHES; i++) {
        struct stretch *stretch = &ahead->stretches[i];
        bool in_use = stretch->users > 0 || (stretch->length == 0 && ahead->filling);
        if (stretch->buffer == NULL || in_use || is_wanted(ahead, stretch))
            continue;
        release(ahead, stretch);
    }
}

void ahead_destroy(struct ahead *ahead)
{
    {
        HOLD_LOCK(&ahead->pool->lock);
        list_remove(&ahead->link);
    }
    {
        HOLD_LOCK(&ahead->lock);
        while (ahead->reads > 0)
            pthread_cond_wait(&ahead->change, &ahead->lock);
        ahead->in_order = 0;
        tidy(ahead);
    }
    pthread_cond_destroy(&ahead->change);
    pthread_mutex_destroy(&ahead->lock);
}

/* The stretch that has the byte at `offset`, or will begin with it; or NULL. The lock is held. */
static struct stretch *find(struct ahead *ahead, uint64_t offset)
{
    for (unsigned i = 0; i < AHEAD_STRETCHES; i++) {
        struct stretch *stretch = &ahead->stretches[i];
        if (stretch->buffer != NULL &&
            (offset == stretch->offset ||
             (offset > stretch->offset && offset - stretch->offset < stretch->length)))
            return stretch;
    }
    return NULL;
}

/* The lock is held. */
static void lend(struct ahead *ahead, uint64_t offset, size_t size, struct ahead_read *read)
{
    struct stretch *stretch = find(ahead, offset);
    while (stretch != NULL && stretch->length == 0) {
        pthread_cond_wait(&ahead->change, &ahead->lock);
        stretch = find(ahead, offset);
    }
    if (stretch == NULL || size > stretch->length - (offset - stretch->offset) ||
        !is_fresh(stretch))
        return;
    stretch->users++;
    read->stretch = stretch;
    read->bytes = stretch->buffer + (offset - stretch->offset);
    read->then = stretch->then;
}

bool ahead_concerns(const struct ahead *ahead, size_t size)
{
    return size >= LARGE || atomic_load(&ahead->last) >= LARGE || atomic_load(&ahead->held) > 0;
}

void ahead_begin(struct ahead *ahead, uint64_t offset, size_t size, struct ahead_read *read)
{
    HOLD_LOCK(&ahead->lock);
    /* The kernel sends what does not fit into one request, a page mostly, in another. */
    bool large = size >= LARGE || atomic_load(&ahead->last) >= LARGE;
    *read = (struct ahead_read){.orderly = offset == ahead->next && large};
    ahead->reads++;
    atomic_store(&ahead->last, size);
    ahead->in_order = read->orderly ? ahead->in_order + 1 : 0;
    ahead->next = offset + size;
    if (read->orderly)
        lend(ahead, offset, size, read);
}

/* Begins to fill the next stretch. NULL: there is no room, or no buffer. The lock is held. */
static struct stretch *next_stretch(struct ahead *ahead)
{
    uint64_t offset = ahead->next;
    const struct stretch *last;

    tidy(ahead);
    while ((last = find(ahead, offset)) != NULL)
        offset = last->offset + last->length;
    for (unsigned i = 0; i < AHEAD_STRETCHES; i++) {
        struct stretch *stretch = &ahead->stretches[i];
        if (stretch->buffer != NULL)
            continue;
        *stretch = (struct stretch){.buffer = take_buffer(ahead), .offset = offset};
        if (stretch->buffer == NULL)
            return NULL;
        atomic_fetch_add(&ahead->held, 1);
        return stretch;
    }
    return NULL;
}

/* Fills stretches, one after the other. The lock is held, but not while one is filled. */
static void fill(struct ahead *ahead, ahead_copier *copy, void *argument)
{
    size_t got = 1;

    ahead->filling = true;
    while (got > 0 && ahead->in_order >= ORDERLY) {
        struct stretch *stretch = next_stretch(ahead);
        if (stretch == NULL)
            break;
        pthread_mutex_unlock(&ahead->lock);
        int error = copy(argument, stretch->offset, stretch->buffer, ahead->pool->spare.size, &got,
                         &stretch->then);
        pthread_mutex_lock(&ahead->lock);
        got = error == 0 ? got : 0;
        stretch->length = got;
        stretch->copied = clock_ms();
        if (got == 0) /* the end of the piece, or it takes a wait */
            release(ahead, stretch);
        pthread_cond_broadcast(&ahead->change);
    }
    ahead->filling = false;
}

void ahead_end(struct ahead *ahead, const struct ahead_read *read, ahead_copier *copy,
               void *argument)
{
    HOLD_LOCK(&ahead->lock);
    if (read->stretch != NULL)
        read->stretch->users--;
    if (copy != NULL && read->orderly && !ahead->filling)
        fill(ahead, copy, argument);
    tidy(ahead);
    ahead->reads--;
    pthread_cond_broadcast(&ahead->change);
}
