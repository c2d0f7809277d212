/*
 * Drops from the page cache what bigfs's own reads of a source brought in, once it was handed over.
 *
 * The kernel keeps pieces in its page cache, so the same bytes of the source need not be there too.
 * But what was there before was brought in by other programs, and stays. So the blocks of a region
 * are looked at before its first read. Those of which nothing is cached are bigfs's own. They are
 * dropped when all of them have been handed over. What the kernel reads ahead must not look as if
 * it had been there before, so the next region is looked at together with each.
 *
 *     region  |    0    |    1    |    2    |         16 MiB each
 *     blocks   ........  ...cc...  ........           c: cached before; never dropped
 *                 ^ read: 0 and 1 have been looked at by now
 *
 * If the kernel does not tell what is cached (files of others, before Linux 6.5), nothing is
 * dropped. Regions are few and bounded. What a look has found is believed for ten seconds; then
 * what was handed over is dropped, complete or not, and the region is looked at again: meanwhile
 * another program may have read the rest of it.
 *
 * All functions are thread-safe, and hold no lock while they ask the kernel.
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
    uint64_t owner;  /* whose region it is; 0: free */
    uint64_t number; /* of the region in the file */
    uint32_t ours;   /* a bit for each block of which nothing was cached */
    uint32_t handed; /* a bit for each block that was read to its end since */
    uint64_t turn;   /* of its last use; the least one is the longest ago */
    int64_t looked;  /* when it was looked at, in ms */
};

struct drop_behind {
    struct window_pool *windows; /* constant; what is mapped cannot be dropped; or NULL */
    bool enabled;                /* constant after the first use */
    int64_t remembered;          /* constant after the first use; ms for which a look is believed */
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

/* Begins disabled: nothing is looked at or dropped until `enabled` is set. */
void drop_behind_init(struct drop_behind *drop, struct window_pool *windows);
void drop_behind_destroy(struct drop_behind *drop);

/*
 * Call it before a read, to find out what is cached. Small reads are left alone: what one at random
 * brings in is not worth the question. Does not block.
 */
void drop_behind_before(struct drop_behind *drop, const struct drop_read *read);

/*
 * Around a probe, a small read after which no more is read there: `before` tells whether nothing of
 * its pages is cached, and only then `after` may be called, which drops them at once. Else they
 * would look as if they had been there. Neither waits for a disk.
 */
bool drop_behind_before_probe(const struct drop_behind *drop, const struct drop_read *read);
void drop_behind_after_probe(struct drop_behind *drop, const struct drop_read *read);

/* Call it when the bytes have been copied: may drop what is complete. Does not wait for a disk. */
void drop_behind_after(struct drop_behind *drop, const struct drop_read *read);

#endif
