/*
 * The index directory: line indexes kept between runs.
 *
 *     DIR/HEAD/REST.lines      HEAD: digest of the file's first block; REST: of the file, its
 *                              attributes and its last block
 *     DIR/HEAD/REST-PID-N.tmp  one that is being written
 *
 * Any number of processes, on any number of hosts, may use one directory at once: a file is written
 * beside, synced and renamed, so it is whole or not there; and as its name holds what it is of, two
 * never mean different things by one name. A file that has grown finds the index of its first part
 * by its head.
 *
 * What goes wrong here costs time, never an answer: it is told by one warning, and the index is
 * made anew, or not kept. The directory is made, private to its user, when something is to be kept;
 * one that others may write to is not used.
 *
 * All functions are thread-safe and block as the file system does.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_STORE_H
#define BIGFS_CORE_INDEX_INDEX_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/index/index_key.h"
#include "core/index/index_space.h"
#include "core/index/line_index.h"

enum { INDEX_STORE_TOLD = 256 };

struct index_store {
    const char *path; /* constant; absolute; NULL: nothing is kept */
    uint64_t least;   /* constant; bytes: indexes of smaller files are not kept */
    void (*warn)(const char *path, const char *problem); /* constant; a file or the directory */
    bool strict; /* constant; only what is verified is given and kept; set before use */
    struct index_space
        *space;         /* constant; is told what is kept; NULL: nothing is; set before use */
    atomic_bool warned; /* that nothing can be kept */
    pthread_mutex_t lock;
    uint64_t told[INDEX_STORE_TOLD]; /* protected by lock; what was warned of, as hashes */
    size_t next_told;                /* protected by lock */
    atomic_uint temporaries;         /* how many have been written */
};

/* `path` stays the caller's. `warn` must be callable from any thread. */
void index_store_init(struct index_store *store, const char *path, uint64_t least,
                      void (*warn)(const char *path, const char *problem));

/*
 * Looks for an index of the file `fd`, which has the attributes `now`: the one of it as it is
 * (INDEX_SAME), else, where `beginnings` allows that, the last one that was made of the same inode,
 * if the file has grown out of that (INDEX_BEGINS); *index is a reference for the caller then.
 * Returns an enum index_match; INDEX_OTHER: there is none.
 */
enum index_match index_store_load(struct index_store *store, int fd,
                                  const struct file_identity *now, bool beginnings,
                                  struct index_key *key, struct line_index **index);

/* Whether index_store_load() would find one, going by the keys: nothing else of it is read. */
bool index_store_has(struct index_store *store, int fd, const struct file_identity *now,
                     bool beginnings);

/*
 * Removes the index with this key, which was found to be wrong, and tells of that. `fd` is the file
 * that it was used for.
 */
void index_store_remove(struct index_store *store, const struct index_key *key, int fd);

/*
 * Keeps an index, and removes all others of the same inode that begin alike. Returns 0, or why it
 * could not be kept, which the user has been told.
 */
int index_store_save(struct index_store *store, const struct index_key *key,
                     const struct line_index *index);

#endif
