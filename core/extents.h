/*
 * The extent map of a generation: where it has data and where holes, as far as anybody has asked.
 *
 *     asked for:    |data|hole          |            |hole|
 *     the file:     |data|hole          |data   |hole     |data|
 *
 * It belongs to one layout of the file: size, times, and number of blocks. A hole that is filled,
 * by a write, by a store through a mapping, or when dirty pages find their blocks, changes one of
 * these, and then all is forgotten and asked anew. So a map never outlives what it tells of, even
 * within a generation that grows. One thing changes none of them: the end of a write past the page
 * cache (O_DIRECT) into blocks that it got when it began. So of a file that was changed a short
 * while ago nothing is believed for longer than a second.
 *
 * It holds at most EXTENTS_MOST extents, whatever the file has: the shortest go first. How much
 * data a range has is remembered for a few ranges whose extents are many.
 *
 * All functions are thread-safe; no lock is held while the file system is asked.
 */
#ifndef BIGFS_CORE_EXTENTS_H
#define BIGFS_CORE_EXTENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/extent_probe.h"
#include "core/file_identity.h"
#include "core/intervals.h"

enum { EXTENTS_MOST = 8192, EXTENT_COUNTS = 64 };

/* How many bytes of [start, end) are data. */
struct extent_count {
    uint64_t start;
    uint64_t end; /* 0: nothing is remembered here */
    uint64_t data;
};

struct extents {
    pthread_mutex_t lock;
    struct file_identity layout;               /* protected by lock; what the rest is true of */
    int64_t believed_until;                    /* protected by lock; CLOCK_MONOTONIC, ms */
    enum extent_method method;                 /* protected by lock; EXTENTS_AUTO: not decided */
    struct intervals known;                    /* protected by lock; kinds are enum extent_kind */
    struct extent_count counts[EXTENT_COUNTS]; /* protected by lock; a ring */
    unsigned next_count;                       /* protected by lock */
};

void extents_init(struct extents *extents);
void extents_destroy(struct extents *extents);

/* Forgets all. */
void extents_forget(struct extents *extents);

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

/*
 * Recalls how much of [start, end) is data, if it was remembered of this layout; remembers what was
 * counted by extents_find() of this layout, if the file still has it.
 */
bool extents_recall_count(struct extents *extents, const struct file_identity *layout,
                          uint64_t start, uint64_t end, uint64_t *data);
void extents_remember_count(struct extents *extents, int fd, const struct file_identity *layout,
                            uint64_t start, uint64_t end, uint64_t data);

#endif
