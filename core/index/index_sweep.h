/* SPDX-License-Identifier: MIT */
/*
 * Sweeps an index directory. Removes files left behind by killed writers, empty directories, and,
 * if the indexes take too much space, the least recently used ones.
 *
 *     DIR/HEAD/REST.FORMAT     16 digits each; files with other names are left alone, but for
 *                              temporary ones a day after they were written
 *
 * Other processes, also on other hosts, may use and sweep the directory at the same time; they make
 * removed files again. The last use of an index is its mtime, which core/index/index_lookup.h moves
 * when it loads one.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_SWEEP_H
#define BIGFS_CORE_INDEX_INDEX_SWEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The result of a sweep. */
struct index_sweep {
    uint64_t bytes;   /* that all indexes take on disk, after it */
    uint64_t indexes; /* after it */
    uint64_t removed; /* indexes */
};

/*
 * Sweeps the directory `path` so that its indexes take at most `limit` bytes, and leaves `slack` of
 * that free, unless the one used last needs it. Ends early if *ending becomes true (NULL: never).
 * The time it takes grows with the number of indexes. Needs at most 16 MiB of memory. Blocks as the
 * file system does. Thread-safe. Returns 0, or -errno if the directory cannot be used; -ENOENT if
 * there is none.
 */
int index_sweep(const char *path, uint64_t limit, uint64_t slack, const atomic_bool *ending,
                struct index_sweep *sweep);

#endif
