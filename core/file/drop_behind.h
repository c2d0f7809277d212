/* SPDX-License-Identifier: MIT */
/*
 * Drops from the page cache what bigfs's own reads of a source brought in, after it was handed
 * over.
 *
 * The kernel keeps pieces in its page cache, so the same bytes of the source need not be there too.
 * But pages that were cached before belong to other programs. So before the first read in a region
 * of a file its blocks are checked. A block of which nothing is cached is bigfs's own. When all own
 * blocks of a region have been handed over, they are dropped. The next region is checked together
 * with each, so that what the kernel reads ahead does not look as if it had been cached before.
 *
 *     region  |    0    |    1    |    2    |         16 MiB each
 *     blocks   ........  ...cc...  ........           c: cached before; never dropped
 *                 ^ read: regions 0 and 1 have been checked
 *
 * If the kernel does not tell what is cached (files of other users, before Linux 6.5), nothing is
 * dropped. The number of regions is small and bounded. The result of a check is trusted for ten
 * seconds. Then what was handed over is dropped, complete or not, and the region is checked again,
 * as another program may have read the rest of it.
 *
 * All functions are thread-safe and hold no lock while they ask the kernel.
 */
#ifndef BIGFS_CORE_FILE_DROP_BEHIND_H
#define BIGFS_CORE_FILE_DROP_BEHIND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/file/window.h"

enum { DROP_REGIONS = 256 };

struct drop_region {
    uint64_t owner;  /* the file it belongs to; 0: free */
    uint64_t number; /* of the region in the file */
    uint32_t ours;   /* a bit for each block of which nothing was cached */
    uint32_t handed; /* a bit for each block that was read to its end since */
    uint64_t turn;   /* of its last use; the smallest is the oldest */
    int64_t looked;  /* when it was checked, in ms */
};

struct drop_behind {
    struct window_pool *windows; /* constant; mapped pages cannot be dropped; may be NULL */
    bool enabled;                /* constant after the first use */
    int64_t remembered; /* constant after the first use; how long a check is trusted, in ms */
    pthread_mutex_t lock;
    struct drop_region regions[DROP_REGIONS]; /* protected by lock */
    uint64_t turn;                            /* protected by lock; counts uses */
    _Atomic uint64_t dropped;                 /* bytes */
};

/* What is read, and from what. */
struct drop_read {
    uint64_t owner; /* a number that no other file has; not 0 */
    int fd;
    uint64_t size; /* of the file */
    uint64_t offset;
    uint64_t length;
};

/* Begins disabled: nothing is checked or dropped until `enabled` is set. */
void drop_behind_init(struct drop_behind *drop, struct window_pool *windows);
void drop_behind_destroy(struct drop_behind *drop);

/*
 * Call it before a read, to find out what is cached. Small reads are ignored: what a single random
 * read brings in is not worth the check. Does not block.
 */
void drop_behind_before(struct drop_behind *drop, const struct drop_read *read);

/*
 * Call these around a probe, a small read that no other read follows there. `before` returns
 * whether none of its pages is cached. Only then may `after` be called, which drops them at once,
 * so that they do not look as if they had been cached before. Neither waits for a disk.
 */
bool drop_behind_before_probe(const struct drop_behind *drop, const struct drop_read *read);
void drop_behind_after_probe(struct drop_behind *drop, const struct drop_read *read);

/* Call it after the bytes have been copied. May drop complete regions. Does not wait for a disk. */
void drop_behind_after(struct drop_behind *drop, const struct drop_read *read);

#endif
