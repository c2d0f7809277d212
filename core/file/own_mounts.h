/* SPDX-License-Identifier: MIT */
/*
 * Mounts that lead back to bigfs and may be found inside SOURCE: this process's own mount, by a
 * bind mount or by propagation, and other bigfs mounts that show it, directly or through one
 * another.
 *
 * Asking anything about their contents may be a request to this process itself, and a walk would
 * never end. They are recognized by their device, which the kernel knows without asking. The mount
 * table says which file systems are mounted, and what the bigfs ones show. It is read again if it
 * has changed.
 */
#ifndef BIGFS_CORE_FILE_OWN_MOUNTS_H
#define BIGFS_CORE_FILE_OWN_MOUNTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/outcome.h"

enum { MOST_OWN_MOUNTS = 256 };

/* A bigfs mount. */
struct own_mount {
    dev_t device;
    char *path;   /* where it is mounted; owned */
    char *source; /* what it shows; owned */
    bool leads;   /* to this process */
};

struct own_mounts {
    const char *type; /* constant; of the file systems, as in mountinfo */
    pthread_mutex_t lock;
    int table;              /* the mount table, polled for changes; -1: it cannot be read */
    dev_t own;              /* protected by lock; 0: not known yet */
    const char *mountpoint; /* protected by lock; borrowed; NULL: not known yet */
    bool fresh;             /* protected by lock; what follows is up to date */
    bool elsewhere;         /* protected by lock; one that leads is not at `mountpoint` */
    bool complete;          /* protected by lock; all were noted */
    size_t count;           /* protected by lock */
    struct own_mount mounts[MOST_OWN_MOUNTS]; /* protected by lock */
};

void own_mounts_init(struct own_mounts *mounts, const char *type);
void own_mounts_destroy(struct own_mounts *mounts);

/* Sets where the own mount is, a path that must outlive *mounts, and its device. Thread-safe. */
void own_mounts_set(struct own_mounts *mounts, const char *mountpoint, dev_t device);

/*
 * Whether one may be found: whether there is one anywhere but at the own mountpoint, which is not
 * inside SOURCE. Cheap: one system call if nothing was mounted or unmounted. Thread-safe.
 */
bool own_mounts_possible(struct own_mounts *mounts);

/*
 * Checks whether `name` in the directory `fd` is in one of them; "" stands for `fd` itself, which
 * may have been opened with O_PATH. Does not ask the file system it is in. Returns 0 if it is in
 * none, -MET_OURSELVES if it is in one, or -errno if this cannot be found out. Thread-safe.
 */
int own_mounts_check(struct own_mounts *mounts, int fd, const char *name);

#endif
