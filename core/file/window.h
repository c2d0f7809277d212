/*
 * A bounded pool of mmap windows onto source files.
 *
 * A file is seen through windows of one size at multiples of that size; the last is cut at the end
 * of the file:
 *
 *     0          W          2W         3W     size
 *     |  window 0 |  window 1 |  window 2 | w.3 |
 *
 * A window is lent to any number of users and counted. One that nobody uses stays mapped until its
 * place is wanted (least recently used first) or its file is forgotten. What all windows map
 * together never passes the total. Nobody waits for a window, which a disk that does not answer may
 * hold for ever: a reader that gets none reads a copy.
 *
 * The bytes are touched only inside fault_guard_call().
 * All functions are thread-safe; none holds the lock while it maps or unmaps.
 */
#ifndef BIGFS_CORE_FILE_WINDOW_H
#define BIGFS_CORE_FILE_WINDOW_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/list.h"

struct window_pool {
    pthread_mutex_t lock;
    uint64_t window_size; /* constant; bytes, a multiple of the page size */
    uint64_t total;       /* constant; bytes, at least window_size */
    uint64_t mapped;      /* protected by lock; bytes of address space, reserved ones too */
    struct list windows;  /* protected by lock; least recently used first */
};

struct window; /* one mapping; belongs to the pool */

/* A part of a window, lent. */
struct window_loan {
    struct window *window;
    const uint8_t *bytes; /* the byte at the offset that was asked for */
    size_t length;        /* from there to the end of the window */
};

/*
 * Sizes in bytes. window_size is rounded up to whole pages and total up to one window at least.
 */
void window_pool_init(struct window_pool *pool, uint64_t window_size, uint64_t total);

/* Unmaps all; no window may be lent. */
void window_pool_destroy(struct window_pool *pool);

/*
 * Lends the window of the file `owner` (any number that no other file has) that holds `offset`,
 * mapping it from `fd` if need be. `size` is the file's, offset < size. Does not wait for others.
 * Returns 0 and a loan to give back with window_release, -NOT_MAPPABLE if this file cannot be
 * mapped, or not now (all windows are lent), or another error of mmap(2).
 */
int window_acquire(struct window_pool *pool, uint64_t owner, int fd, uint64_t offset, uint64_t size,
                   struct window_loan *loan);

void window_release(struct window_pool *pool, const struct window_loan *loan);

/*
 * Tells that the first `length` bytes of a loan have been read once and are not wanted soon: those
 * pages that were not in the page cache before this window was mapped leave it again, so that a
 * long scan does not drive other files out. The kernel tells what was there only to a process that
 * owns the file or may write it; for others all stays. `fd` is the file's. Call it before the
 * release.
 */
void window_done_with(const struct window_loan *loan, size_t length, int fd);

/* Unmaps the windows of a file that are not lent. */
void window_pool_forget(struct window_pool *pool, uint64_t owner);

/* Bytes of address space that the windows hold now. */
uint64_t window_pool_mapped(struct window_pool *pool);

#endif
