/*
 * The extent map of a generation: where it has data and where holes.
 *
 *     remembered:   |data|              |data|  |data|
 *     the file:     |data|     hole     |data       |hole|data|
 *
 * Data is remembered, holes are not. Data cannot be wrong, as it may read as zeros. A hole may have
 * been filled since, and not everything that fills one leaves a trace: the end of a write past the
 * page cache (O_DIRECT) changes no attribute, nor does a store through a mapping into a page of
 * tmpfs that was preallocated. So whenever it is a hole the file system is asked, which takes about
 * a microsecond, and the answer is as fresh as the bytes of a read.
 *
 * What is remembered belongs to the file with one size, times and number of blocks. If these change
 * within a generation, as when the file grows, all is forgotten.
 *
 * The map remembers at most EXTENTS_MOST stretches, whatever the file has: the shortest go first.
 * How much data a range has is remembered for a few ranges whose extents are many.
 *
 * All functions are thread-safe; no lock is held while the file system is asked.
 */
#ifndef BIGFS_CORE_EXTENT_EXTENTS_H
#define BIGFS_CORE_EXTENT_EXTENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/intervals.h"
#include "core/extent/extent_probe.h"
#include "core/file/file_identity.h"
#include "core/generation/note.h"

enum { EXTENTS_MOST = 8192, EXTENT_COUNTS = 64 };

/* How many bytes of [start, end) are data. */
struct extent_count {
    uint64_t start;
    uint64_t end; /* 0: nothing is remembered here */
    uint64_t data;
};

struct extents {
    pthread_mutex_t lock;
    struct file_identity of;                   /* protected by lock; what the rest is true of */
    enum extent_method method;                 /* protected by lock; EXTENTS_AUTO: not decided */
    struct intervals data;                     /* protected by lock */
    struct extent_count counts[EXTENT_COUNTS]; /* protected by lock; a ring */
    unsigned next_count;                       /* protected by lock */
};

/* The note of a generation that is a struct extents. The key is NULL. */
extern const struct note_type extents_note;

/*
 * Finds the extent around `offset` (less than the file's size) in a file that is as `now` says,
 * asking `fd` by `method` if it is not known to be data. *extent holds the offset, and may end
 * before the file's extent does. If nothing can be found out it is data.
 */
void extents_find(struct extents *extents, enum extent_method method, int fd,
                  const struct file_identity *now, uint64_t offset, struct extent *extent);

/*
 * Recalls how much of [start, end) is data, if that was remembered of the file as it is `now`;
 * remembers it. A count may be out of date like all that stat(2) tells.
 */
bool extents_recall_count(struct extents *extents, const struct file_identity *now, uint64_t start,
                          uint64_t end, uint64_t *data);
void extents_remember_count(struct extents *extents, const struct file_identity *now,
                            uint64_t start, uint64_t end, uint64_t data);

#endif
