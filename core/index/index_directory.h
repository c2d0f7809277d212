/* SPDX-License-Identifier: MIT */
/*
 * The index directory keeps indexes between runs.
 *
 *     DIR/HEAD/REST.FORMAT     HEAD: digest of the file's first block; REST: of the file, its
 *                              attributes and its last block; FORMAT: the record format's name
 *     DIR/HEAD/REST-part.FORMAT  an unfinished one: the making was interrupted
 *     DIR/HEAD/REST-PID-N.tmp  a file that is being written
 *     DIR/probe-PID-N.tmp      a file that shows whether any can be written
 *
 * Any number of processes, on any number of hosts, may use one directory at once. A file is written
 * under a temporary name, synced and renamed, so it is complete or absent. Its name identifies its
 * content, so one name never means two things. A file that has grown finds the index of its first
 * part by its head.
 *
 * An error here costs time but never makes an answer wrong. It causes one warning, and the index is
 * made again, or not kept. The directory is created, private to its user, when the first index is
 * kept. A directory that other users may write to is not used.
 *
 * core/index/index_lookup.h finds indexes here, core/index/index_save.h keeps them. All functions
 * are thread-safe and block as the file system does.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_DIRECTORY_H
#define BIGFS_CORE_INDEX_INDEX_DIRECTORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/index/build_counts.h"
#include "core/index/index_key.h"
#include "core/index/index_space.h"

enum { INDEX_WARNINGS = 256 };

struct index_directory {
    const char *path; /* constant; absolute; NULL: no index is kept */
    uint64_t least;   /* constant; bytes; indexes of smaller files are not kept */
    void (*warn)(void *argument, const char *path,
                 const char *problem); /* constant; `path` is a file's or the directory's */
    void *warn_argument;               /* constant */
    bool strict; /* constant; only verified indexes are used and kept, and unfinished ones to go on
                    from; set before use */
    uint64_t part_least; /* constant; bytes: if the making is interrupted, what was made is kept if
                            it is so much more than what is kept already; set before use */
    struct index_space
        *space;            /* constant; counts the space of kept indexes; or NULL; set before use */
    atomic_bool warned;    /* that nothing can be kept */
    atomic_uint too_large; /* how often something was larger than all the space */
    atomic_int trouble;    /* why the last index could not be kept or looked for, as -errno; or 0 */
    atomic_uint temporaries;             /* how many have been written */
    _Atomic uint64_t found[BUILD_KINDS]; /* how many were found, so that none had to be made */
    pthread_mutex_t lock;
    uint64_t told[INDEX_WARNINGS]; /* protected by lock; hashes of the warnings given */
    size_t next_told;              /* protected by lock */
};

/* The caller keeps `path`. `warn` must be callable from any thread. */
void index_directory_init(struct index_directory *directory, const char *path, uint64_t least,
                          void (*warn)(void *argument, const char *path, const char *problem),
                          void *argument);
void index_directory_destroy(struct index_directory *directory);

/* Writes the name of the index with this key to `text` (room for INDEX_NAME_MOST bytes). */
void index_directory_name(const struct index_key *key, char *text);

/*
 * Opens the directory for indexes of files that begin as the key says. Returns a descriptor that
 * the caller owns, or -errno: -EPERM if other users may write to the index directory.
 */
int index_directory_open_part(const struct index_directory *directory, const struct index_key *key);

/* Notes that no index can be kept because of this error, and warns of it once. */
void index_directory_warn(struct index_directory *directory, int error);

/* Whether this warning is new. A few hundred are remembered. */
bool index_directory_is_news(struct index_directory *directory, const char *text);

/* Writes the path of the file open as `fd`, for people; "" if it is not known. */
void index_directory_path_of(int fd, char *text, size_t size);

/* Why the directory could not be used the last time, in words; NULL: it could, or was not yet. */
const char *index_directory_trouble(struct index_directory *directory);

/*
 * Removes the unusable index `name` from the open part `part`, as it would be found again and
 * again, and warns why. If it cannot be removed, warns only once. `place` has the part's digest.
 * `fd` is the source that it was looked up for, or -1.
 */
void index_directory_discard(struct index_directory *directory, const struct index_key *place,
                             int part, const char *name, int fd, const char *why);

/*
 * Removes the index with this key, which was found to be wrong, with a warning. `fd` is the file
 * that it was used for.
 */
void index_directory_remove(struct index_directory *directory, const struct index_key *key, int fd);

#endif
