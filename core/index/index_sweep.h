/* SPDX-License-Identifier: MIT */
/*
 * Sweeps an index directory: what killed writers have left, directories that have
 * become empty, and, if the indexes take too much space, those that were not used for longest.
 *
 *     DIR/HEAD/REST.FORMAT     16 digits each; a file with another name is not bigfs's, and stays
 *
 * Other processes, on other hosts too, may use and sweep the directory meanwhile: what is removed
 * under them they make anew. An index counts as used when it was last modified;
 * core/index/index_directory.h moves that time when it loads one.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_SWEEP_H
#define BIGFS_CORE_INDEX_INDEX_SWEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What a sweep has found and done. */
struct index_sweep {
    uint64_t bytes;   /* that all indexes take on the disk, after it */
    uint64_t indexes; /* after it */
    uint64_t removed; /* indexes */
};

/*
 * Sweeps the directory `path` so that its indexes take at most `limit` bytes. Ends early if
 * *ending becomes true (NULL: never). Takes time with the number of indexes, and at most 8 MiB of
 * memory. Blocks as the file system does. Thread-safe. Returns 0, or -errno if the directory cannot
 * be used; -ENOENT if there is none.
 */
int index_sweep(const char *path, uint64_t limit, const atomic_bool *ending,
                struct index_sweep *sweep);

#endif
