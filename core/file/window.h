/* SPDX-License-Identifier: MIT */
/*
 * A bounded pool of mmap windows on source files.
 *
 * A file is seen through windows of one size at multiples of that size. The last one is cut at the
 * end of the file:
 *
 *     0          W          2W         3W     size
 *     |  window 0 |  window 1 |  window 2 | w.3 |
 *
 * A window may be lent to any number of users at once; loans are counted. An unused window stays
 * mapped until its room is needed (least recently used first) or its file is forgotten. All windows
 * together never map more than the total. No thread waits for a window, as a disk that does not
 * answer may hold it for ever. A reader that gets none reads a copy.
 *
 * Scans and reads have separate windows. A scan looks at each page once. Its window records which
 * pages were in the page cache before, so that the others can be dropped. A read takes the room of
 * another window only if that has been idle for a while; otherwise, if more readers than windows
 * took turns, each read would map and unmap.
 *
 * The bytes are touched only inside fault_guard_call(). All functions are thread-safe. None holds
 * the lock while it maps or unmaps.
 */
#ifndef BIGFS_CORE_FILE_WINDOW_H
#define BIGFS_CORE_FILE_WINDOW_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/list.h"

/* What became of the windows that were asked for, since the start. */
struct window_counts {
    uint64_t hits;   /* it was mapped already */
    uint64_t misses; /* there was room to map it */
    uint64_t none;   /* all windows were in use */
    uint64_t lent;   /* how many loans there are now */
};

struct window_pool {
    pthread_mutex_t lock;
    uint64_t window_size;        /* constant; bytes, a multiple of the page size */
    uint64_t total;              /* constant; bytes, at least window_size */
    uint64_t mapped;             /* protected by lock; bytes of address space, reserved ones too */
    struct list windows;         /* protected by lock; least recently used first */
    struct window_counts counts; /* protected by lock */
};

/* What a window is for. */
enum window_use { WINDOW_READS, WINDOW_SCANS };

struct window; /* one mapping; belongs to the pool */

/* A part of a window, lent. */
struct window_loan {
    struct window *window;
    const uint8_t *bytes; /* the byte at the offset that was asked for */
    size_t length;        /* bytes from there to the end of the window */
};

/*
 * Sizes are in bytes. window_size is rounded up to whole pages; total is at least one window.
 */
void window_pool_init(struct window_pool *pool, uint64_t window_size, uint64_t total);

/* Unmaps all windows; none may be lent. */
void window_pool_destroy(struct window_pool *pool);

/*
 * Lends the window of the file `owner` (any number that no other file has) that holds `offset`,
 * mapping it from `fd` if need be. `size` is the file's, offset < size. Does not wait for other
 * threads. Returns 0 and a loan to give back with window_release, -NOT_MAPPABLE if the file cannot
 * be mapped or all windows are in use, or another error of mmap(2).
 */
int window_acquire(struct window_pool *pool, enum window_use use, uint64_t owner, int fd,
                   uint64_t offset, uint64_t size, struct window_loan *loan);

void window_release(struct window_pool *pool, const struct window_loan *loan);

/*
 * Says that the first `length` bytes of a scan's loan have been read and will not be needed soon.
 * Pages that were not in the page cache before the window was mapped are dropped, so that a long
 * scan does not drive out other files. The kernel tells what was cached only to a process that owns
 * the file or may write it; otherwise all pages stay. `fd` is the file's. Call it before
 * window_release.
 */
void window_done_with(const struct window_loan *loan, size_t length, int fd);

/*
 * Unmaps the pages of a stretch of a file in all its windows, so that the kernel can drop them; it
 * drops no mapped page. They are mapped again when they are next touched. Does not block.
 */
void window_pool_let_go(struct window_pool *pool, uint64_t owner, uint64_t offset, uint64_t length);

/* Unmaps the windows of a file that are not lent. */
void window_pool_forget(struct window_pool *pool, uint64_t owner);

/* How many bytes of address space the windows hold now. */
uint64_t window_pool_mapped(struct window_pool *pool);

struct window_counts window_pool_counts(struct window_pool *pool);

#endif
