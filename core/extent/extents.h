/* SPDX-License-Identifier: MIT */
/*
 * The extent map of a generation: where it has data and where it has holes.
 *
 *     remembered:   |data|              |data|  |data|
 *     the file:     |data|     hole     |data       |hole|data|
 *
 * Data is remembered, holes are not. Remembered data cannot be wrong, as data may read as zeros. A
 * hole may have been filled since, and not everything that fills one leaves a trace: the end of a
 * write past the page cache (O_DIRECT) changes no attribute, nor does a store through a mapping
 * into a page of tmpfs that was preallocated. So the file system is asked whenever an offset is not
 * in remembered data. This takes about a microsecond, and the answer is as fresh as the bytes of a
 * read.
 *
 * What is remembered belongs to one size, times and number of blocks of the file. If these change
 * within a generation, as when the file grows, everything is forgotten.
 *
 * The map remembers at most EXTENTS_MOST stretches; the shortest are removed first. How much data a
 * range has is remembered for a few ranges with many extents.
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
    struct file_identity of;   /* protected by lock; the file that the rest is true of */
    enum extent_method method; /* protected by lock; EXTENTS_AUTO: undecided */
    struct intervals data;     /* protected by lock */
    struct extent_count counts[EXTENT_COUNTS]; /* protected by lock; a ring */
    unsigned next_count;                       /* protected by lock */
};

/* The note type of struct extents. The key is NULL. */
extern const struct note_type extents_note;

/*
 * Finds the extent around `offset` (less than the file's size) in a file with the identity `now`.
 * Asks `fd` by `method` if the offset is not known to be data. *extent contains the offset, and may
 * end before the file's extent does. It is data if nothing can be found out.
 */
void extents_find(struct extents *extents, enum extent_method method, int fd,
                  const struct file_identity *now, uint64_t offset, struct extent *extent);

/*
 * Recalls, or remembers, how much of [start, end) of the file with the identity `now` is data. A
 * count may be out of date, like everything that stat(2) returns.
 */
bool extents_recall_count(struct extents *extents, const struct file_identity *now, uint64_t start,
                          uint64_t end, uint64_t *data);
void extents_remember_count(struct extents *extents, const struct file_identity *now,
                            uint64_t start, uint64_t end, uint64_t data);

#endif
