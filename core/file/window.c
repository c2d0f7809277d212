/* SPDX-License-Identifier: MIT */
#include "core/file/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/file/residency.h"

/* How long a window must have been idle before a read takes its room, in ms. */
enum { IDLE_MS = 100 };

struct window {
    struct list link; /* protected by window_pool.lock */
    unsigned lent;    /* protected by window_pool.lock */
    int64_t used;     /* protected by window_pool.lock; when it was last lent or returned */
    enum window_use use;
    uint64_t owner;             /* this and the rest are constant once the window is in the pool */
    uint64_t start;             /* file offset of the first byte */
    size_t length;              /* bytes of the file that it shows */
    uint8_t *bytes;             /* the mapping */
    struct residency residency; /* as before the first touch; only for scans */
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static uint64_t round_up(uint64_t value, uint64_t step)
{
    return (value + step - 1) / step * step;
}

void window_pool_init(struct window_pool *pool, uint64_t window_size, uint64_t total)
{
    pthread_mutex_init(&pool->lock, NULL);
    pool->window_size = round_up(max_u64(window_size, 1), page_size());
    pool->total = max_u64(total, pool->window_size);
    pool->mapped = 0;
    pool->counts = (struct window_counts){0};
    list_reset(&pool->windows);
}

static void window_destroy(struct window *window)
{
    if (window == NULL)
        return;
    if (window->bytes != NULL)
        (void)munmap(window->bytes, window->length);
    residency_free(&window->residency);
    free(window);
}

/* Unmaps all. Returns how many there were. */
static uint64_t destroy_all(struct list *windows)
{
    uint64_t count = 0;
    for (; !list_empty(windows); count++) {
        struct window *window = list_object(windows->next, struct window, link);
        list_remove(&window->link);
        window_destroy(window);
    }
    return count;
}

void window_pool_destroy(struct window_pool *pool)
{
    (void)destroy_all(&pool->windows);
    pthread_mutex_destroy(&pool->lock);
}

/* The window that is asked for. */
struct wanted_window {
    enum window_use use;
    uint64_t owner;
    int fd;
    uint64_t offset;
    uint64_t size; /* of the file */
};

static bool window_covers(const struct window *window, const struct wanted_window *wanted)
{
    return window->owner == wanted->owner && window->use == wanted->use &&
           wanted->offset >= window->start && wanted->offset - window->start < window->length;
}

/* Lends the mapped window that holds the offset, or returns NULL. The lock is held. */
static struct window *lend_mapped(struct window_pool *pool, const struct wanted_window *wanted)
{
    for (struct list *link = pool->windows.previous; link != &pool->windows;
         link = link->previous) {
        struct window *window = list_object(link, struct window, link);
        if (window_covers(window, wanted)) {
            list_remove(&window->link);
            list_append(&pool->windows, &window->link);
            window->lent++;
            window->used = clock_ms();
            pool->counts.hits++;
            pool->counts.lent++;
            return window;
        }
    }
    return NULL;
}

/*
 * Takes the window out of the pool that began where the wanted one does, when the file was shorter,
 * unless it is lent. Its room passes to the caller. The lock is held.
 */
static struct window *retire_outgrown(const struct window_pool *pool,
                                      const struct wanted_window *wanted)
{
    const uint64_t start = wanted->offset / pool->window_size * pool->window_size;

    for (struct list *link = pool->windows.next; link != &pool->windows; link = link->next) {
        struct window *window = list_object(link, struct window, link);
        if (window->owner != wanted->owner || window->use != wanted->use ||
            window->start != start || window->lent > 0)
            continue;
        list_remove(&window->link);
        return window;
    }
    return NULL;
}

/*
 * Takes the least recently used idle window out of the pool, or returns NULL. Its room remains
 * taken and passes to the caller. The lock is held.
 */
static struct window *retire_least_used(struct window_pool *pool, enum window_use use)
{
    for (struct list *link = pool->windows.next; link != &pool->windows; link = link->next) {
        struct window *window = list_object(link, struct window, link);
        if (window->lent > 0 || (use == WINDOW_READS && clock_ms() - window->used < IDLE_MS))
            continue;
        list_remove(&window->link);
        return window;
    }
    return NULL;
}

/*
 * Takes the room for a window. *retired becomes the window that gave it up, which must be unmapped
 * first, or NULL. False: all room is in use. The lock is held.
 */
static bool take_room(struct window_pool *pool, const struct wanted_window *wanted,
                      struct window **retired)
{
    *retired = retire_outgrown(pool, wanted);
    if (*retired != NULL)
        return true;
    if (pool->total - pool->mapped >= pool->window_size) {
        pool->mapped += pool->window_size;
        return true;
    }
    *retired = retire_least_used(pool, wanted->use);
    return *retired != NULL;
}

/* Lends a mapped window in *window, or takes the room for one, as above, and leaves it NULL. */
static bool lend_or_take_room(struct window_pool *pool, const struct wanted_window *wanted,
                              struct window **window, struct window **retired)
{
    HOLD_LOCK(&pool->lock);
    *window = lend_mapped(pool, wanted);
    if (*window != NULL)
        return true;
    bool taken = take_room(pool, wanted, retired);
    pool->counts.misses += taken ? 1 : 0;
    pool->counts.none += taken ? 0 : 1;
    return taken;
}

static void give_up_room(struct window_pool *pool, uint64_t windows)
{
    HOLD_LOCK(&pool->lock);
    pool->mapped -= windows * pool->window_size;
}

static int map_window(struct window *window, int fd)
{
    void *bytes = mmap(NULL, window->length, PROT_READ, MAP_SHARED, fd, (off_t)window->start);
    if (bytes == MAP_FAILED)
        return errno == ENODEV || errno == ENOMEM ? -NOT_MAPPABLE : -errno;
    window->bytes = bytes;
    if (window->use != WINDOW_SCANS)
        return 0;
    residency_read(&window->residency, fd, window->bytes, window->start, window->length);
    (void)madvise(window->bytes, window->length, MADV_SEQUENTIAL);
    return 0;
}

static int create_window(const struct window_pool *pool, const struct wanted_window *wanted,
                         struct window **created)
{
    struct window *window = calloc(1, sizeof(*window));

    if (window == NULL)
        return -NOT_MAPPABLE;
    list_reset(&window->link);
    window->use = wanted->use;
    window->owner = wanted->owner;
    window->start = wanted->offset / pool->window_size * pool->window_size;
    window->length = (size_t)min_u64(pool->window_size, wanted->size - window->start);
    int error = map_window(window, wanted->fd);
    if (error != 0) {
        window_destroy(window);
        return error;
    }
    *created = window;
    return 0;
}

static void make_loan(struct window *window, uint64_t offset, struct window_loan *loan)
{
    size_t skipped = (size_t)(offset - window->start);
    loan->window = window;
    loan->bytes = window->bytes + skipped;
    loan->length = window->length - skipped;
}

/* Two threads may map the same window at once; the second copy is harmless. */
static void add_lent(struct window_pool *pool, struct window *window)
{
    HOLD_LOCK(&pool->lock);
    window->lent = 1;
    pool->counts.lent++;
    window->used = clock_ms();
    list_append(&pool->windows, &window->link);
}

int window_acquire(struct window_pool *pool, enum window_use use, uint64_t owner, int fd,
                   uint64_t offset, uint64_t size, struct window_loan *loan)
{
    const struct wanted_window wanted = {use, owner, fd, offset, size};
    struct window *retired = NULL;
    struct window *window = NULL;

    if (!lend_or_take_room(pool, &wanted, &window, &retired))
        return -NOT_MAPPABLE;
    if (window == NULL) {
        window_destroy(retired);
        int error = create_window(pool, &wanted, &window);
        if (error != 0) {
            give_up_room(pool, 1);
            return error;
        }
        add_lent(pool, window);
    }
    make_loan(window, offset, loan);
    return 0;
}

void window_release(struct window_pool *pool, const struct window_loan *loan)
{
    HOLD_LOCK(&pool->lock);
    assert(loan->window->lent > 0);
    loan->window->lent--;
    pool->counts.lent--;
    loan->window->used = clock_ms();
}

void window_done_with(const struct window_loan *loan, size_t length, int fd)
{
    const struct window *window = loan->window;
    const size_t page = page_size();
    size_t end = (size_t)(loan->bytes - window->bytes) + length;
    size_t first = (size_t)(loan->bytes - window->bytes) / page;
    size_t last = end == window->length ? round_up(end, page) / page : end / page;

    if (window->use != WINDOW_SCANS || window->residency.kind == RESIDENT_ALL)
        return;
    for (size_t i = first; i < last; i++) {
        size_t run = i;
        while (run < last && !residency_had(&window->residency, run))
            run++;
        if (run == i)
            continue;
        /* A mapped page stays in the cache, so unmap it first. */
        (void)madvise(window->bytes + i * page, (run - i) * page, MADV_DONTNEED);
        (void)posix_fadvise(fd, (off_t)(window->start + i * page), (off_t)((run - i) * page),
                            POSIX_FADV_DONTNEED);
        i = run;
    }
}

/*
 * Returns `before` and lends the next window of a file that overlaps a stretch, or NULL. The lock
 * is not held between calls, so a window that another thread moves may be missed. Then its pages
 * stay, which does no harm.
 */
static struct window *lend_next(struct window_pool *pool, struct window *before, uint64_t owner,
                                uint64_t offset, uint64_t end)
{
    HOLD_LOCK(&pool->lock);
    struct list *link = before != NULL ? before->link.next : pool->windows.next;
    if (before != NULL)
        before->lent--;
    for (; link != &pool->windows; link = link->next) {
        struct window *window = list_object(link, struct window, link);
        if (window->owner != owner || window->start >= end ||
            window->start + window->length <= offset)
            continue;
        window->lent++;
        return window;
    }
    return NULL;
}

void window_pool_let_go(struct window_pool *pool, uint64_t owner, uint64_t offset, uint64_t length)
{
    const size_t page = page_size();
    struct window *window = NULL;

    while ((window = lend_next(pool, window, owner, offset, offset + length)) != NULL) {
        uint64_t start = max_u64(offset, window->start) - window->start;
        uint64_t end = min_u64(offset + length, window->start + window->length) - window->start;
        size_t first = start / page * page;
        (void)madvise(window->bytes + first, round_up(end, page) - first, MADV_DONTNEED);
    }
}

/* Moves the idle windows of a file to `retired`. Their room remains taken. */
static void retire_all_of(struct window_pool *pool, uint64_t owner, struct list *retired)
{
    HOLD_LOCK(&pool->lock);
    for (struct list *link = pool->windows.next; link != &pool->windows;) {
        struct window *window = list_object(link, struct window, link);
        link = link->next;
        if (window->owner != owner || window->lent > 0)
            continue;
        list_remove(&window->link);
        list_append(retired, &window->link);
    }
}

void window_pool_forget(struct window_pool *pool, uint64_t owner)
{
    struct list retired;

    list_reset(&retired);
    retire_all_of(pool, owner, &retired);
    if (!list_empty(&retired))
        give_up_room(pool, destroy_all(&retired));
}

uint64_t window_pool_mapped(struct window_pool *pool)
{
    HOLD_LOCK(&pool->lock);
    return pool->mapped;
}

struct window_counts window_pool_counts(struct window_pool *pool)
{
    HOLD_LOCK(&pool->lock);
    return pool->counts;
}
