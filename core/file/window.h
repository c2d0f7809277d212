/*
 * A bounded pool of mmap windows onto source files.
 *
 * A file is seen through windows of one size at multiples of that size. The last one is cut at the
 * end of the file:
 *
 *     0          W          2W         3W     size
 *     |  window 0 |  window 1 |  window 2 | w.3 |
 *
 * A window is lent to any number of users and counted. One that is not lent stays mapped until its
 * room is wanted (least recently used first) or its file is forgotten. All windows together never
 * map more than the total. No thread waits for a window, which a disk that does not answer may hold
 * for ever. A reader that gets none reads a copy.
 *
 * Scans and reads have windows of their own. A scan looks at each page once, and its window knows
 * which pages were in the page cache before, so that the others can leave it. A read takes the room
 * of another window only if that was idle for a while: if more readers than windows took turns,
 * each read would map and unmap.
 *
 * The bytes are touched only inside fault_guard_call().
 * All functions are thread-safe. None holds the lock while it maps or unmaps.
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

/* What a window is for. */
enum window_use { WINDOW_READS, WINDOW_SCANS };

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
 * mapped, or not now (all windows are in use), or another error of mmap(2).
 */
int window_acquire(struct window_pool *pool, enum window_use use, uint64_t owner, int fd,
                   uint64_t offset, uint64_t size, struct window_loan *loan);

void window_release(struct window_pool *pool, const struct window_loan *loan);

/*
 * Says that the first `length` bytes of a scan's loan have been read once and are not wanted soon.
 * Those pages that were not in the page cache before the window was mapped leave it again, so that
 * a long scan does not drive other files out. The kernel tells what was there only to a process
 * that owns the file or may write it; for others all stays. `fd` is the file's. Call it before the
 * release.
 */
void window_done_with(const struct window_loan *loan, size_t length, int fd);

/*
 * Takes a stretch of a file out of all its windows, which show it again when it is next touched.
 * The kernel drops no page that is mapped. Does not block.
 */
void window_pool_let_go(struct window_pool *pool, uint64_t owner, uint64_t offset, uint64_t length);

/* Unmaps the windows of a file that are not lent. */
void window_pool_forget(struct window_pool *pool, uint64_t owner);

/* Bytes of address space that the windows hold now. */
uint64_t window_pool_mapped(struct window_pool *pool);

#endif
