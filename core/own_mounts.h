/*
 * Mounts of our own kind that may be met inside SOURCE: the mount itself, by a bind mount or by
 * propagation, or another one that shows ours.
 *
 * To ask anything of what is in them may be a request to ourselves, and a walk would have no end.
 * They are told by their device, which the kernel knows without asking, and which kinds of file
 * system are mounted is in its mount table. That is read anew if it has changed.
 */
#ifndef BIGFS_CORE_OWN_MOUNTS_H
#define BIGFS_CORE_OWN_MOUNTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/outcome.h"

enum { MOST_OWN_MOUNTS = 512 };

struct own_mounts {
    const char *type; /* constant; of the file systems, as in mountinfo */
    pthread_mutex_t lock;
    int table;              /* the mount table, to be polled for changes; -1: it cannot be read */
    dev_t own;              /* protected by lock; 0: not known yet */
    const char *mountpoint; /* protected by lock; borrowed; NULL: not known yet */
    bool fresh;             /* protected by lock; the rest is of the table as it is */
    size_t elsewhere;       /* protected by lock; how many mounts are not at our mountpoint */
    size_t count;           /* protected by lock; how many devices there are below */
    dev_t devices[MOST_OWN_MOUNTS]; /* protected by lock */
};

void own_mounts_init(struct own_mounts *mounts, const char *type);
void own_mounts_destroy(struct own_mounts *mounts);

/* Tells where our own mount is, a path that must outlive *mounts, and its device. Thread-safe. */
void own_mounts_set(struct own_mounts *mounts, const char *mountpoint, dev_t device);

/*
 * Whether one can be met, as there is one elsewhere than at our mountpoint, which is not inside
 * SOURCE. Cheap: one system call if nothing was mounted or unmounted. Thread-safe.
 */
bool own_mounts_possible(struct own_mounts *mounts);

/*
 * Whether what `name` means in the directory `fd` is in one of them; with "" it is `fd` itself,
 * which may have been opened with O_PATH. Asks nothing of the file system it is in. Returns 0,
 * -MET_OURSELVES, or -errno if it cannot be told. Thread-safe.
 */
int own_mounts_check(struct own_mounts *mounts, int fd, const char *name);

#endif
