/* SPDX-License-Identifier: MIT */
/*
 * Asks the file system where a file has data and where it has holes.
 *
 * An extent is a stretch of a file that is all data or all hole. Data may read as zeros: what is
 * preallocated, or not known for sure, counts as data. A wrong hole would lose data; a wrong data
 * extent only costs time.
 *
 *     0        d1          h1       d2       size
 *     |  hole  |   data    |  hole  |  data  |
 *
 * Thread-safe. Nothing is kept. SEEK moves the descriptor's offset, which nothing here uses. Blocks
 * as lseek(2) and FS_IOC_FIEMAP do, which may read metadata from the disk. An answer is true only
 * at the moment of asking.
 */
#ifndef BIGFS_CORE_EXTENT_EXTENT_PROBE_H
#define BIGFS_CORE_EXTENT_EXTENT_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum extent_kind { EXTENT_DATA, EXTENT_HOLE };

struct extent {
    uint64_t start;
    uint64_t end; /* the first byte after it; more than start */
    enum extent_kind kind;
};

/* How to ask. */
enum extent_method {
    EXTENTS_AUTO,   /* SEEK; FIEMAP if SEEK does not know; else all is data */
    EXTENTS_SEEK,   /* SEEK_DATA and SEEK_HOLE, or all is data */
    EXTENTS_FIEMAP, /* FS_IOC_FIEMAP, or all is data */
    EXTENTS_NONE,   /* not at all: all is data */
    EXTENT_METHODS,
};

/* "auto", "seek", "fiemap" or "none". */
const char *extent_method_name(enum extent_method method);

/* The method of this name, or EXTENT_METHODS. */
enum extent_method extent_method_named(const char *name);

enum { EXTENT_PROBE_MOST = 64 };

/* An answer: adjacent extents. */
struct extent_answer {
    size_t count; /* at least 1 */
    struct extent extents[EXTENT_PROBE_MOST];
};

/*
 * What EXTENTS_AUTO means for this file of `size` bytes, which has fewer blocks than bytes: SEEK if
 * it finds a hole, else FIEMAP if that works, else NONE. Other methods are returned as they are.
 */
enum extent_method extent_method_for(int fd, uint64_t size, enum extent_method method);

/*
 * Finds the extents from `offset` on (offset < size, size at most OFFSET_MAX). The first starts at
 * `offset`; the last may continue after its end. `method` is not EXTENTS_AUTO. If the file system
 * gives no answer, or one that makes no sense, everything from `offset` on is data.
 */
void extent_probe(int fd, uint64_t offset, uint64_t size, enum extent_method method,
                  struct extent_answer *answer);

#endif
