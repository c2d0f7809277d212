/*
 * The extent map of a generation: where it has data and where holes, as far as anybody has asked.
 *
 *     asked for:    |data|hole          |            |hole|
 *     the file:     |data|hole          |data   |hole     |data|
 *
 * It belongs to one layout of the file: size, times, and number of blocks. A hole that is filled,
 * by a write, by a store through a mapping, or when dirty pages find their blocks, changes one of
 * these, and then all is forgotten and asked anew. So a map never outlives what it tells of, even
 * within a generation that grows.
 *
 * It holds at most EXTENTS_MOST extents, whatever the file has: the shortest go first.
 *
 * All functions are thread-safe; no lock is held while the file system is asked.
 */
#ifndef BIGFS_CORE_EXTENTS_H
#define BIGFS_CORE_EXTENTS_H

#include <pthread.h>
#include <stdint.h>

#include "core/extent_probe.h"
#include "core/file_identity.h"
#include "core/intervals.h"

enum { EXTENTS_MOST = 8192 };

struct extents {
    pthread_mutex_t lock;
    struct file_identity layout; /* protected by lock; what the rest is true of */
    enum extent_method method;   /* protected by lock; EXTENTS_AUTO: not decided */
    struct intervals known;      /* protected by lock; kinds are enum extent_kind */
};

void extents_init(struct extents *extents);
void extents_destroy(struct extents *extents);

/*
 * Whether a file with these attributes can have holes: it has fewer blocks than bytes. Of all
 * others the map is never asked.
 */
bool extents_possible(const struct file_identity *layout);

/*
 * Finds the extent around `offset` (less than the layout's size), asking `fd` by `method` if it is
 * not known: *extent holds the offset, starts at it or before, and may end before the file's extent
 * does. Where nothing can be found out it is data.
 *
 * The answer is true if the file has this layout afterwards (file_identity_same_layout); that is
 * for the caller to find out. What was learnt is kept only if it was so at the time.
 */
void extents_find(struct extents *extents, enum extent_method method, int fd,
                  const struct file_identity *layout, uint64_t offset, struct extent *extent);

#endif
