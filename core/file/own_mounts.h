/*
 * Mounts that lead back to ourselves and may be met inside SOURCE: our own, by a bind mount or by
 * propagation, and another mount of bigfs that shows it, or one that shows such a one.
 *
 * To ask anything of what is in them may be a request to ourselves, and a walk would have no end.
 * They are recognized by their device, which the kernel knows without asking. Which file systems
 * are mounted, and what those of our kind show, is in the mount table. That is read anew if it has
 * changed.
 */
#ifndef BIGFS_CORE_FILE_OWN_MOUNTS_H
#define BIGFS_CORE_FILE_OWN_MOUNTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/outcome.h"

enum { MOST_OWN_MOUNTS = 256 };

/* A mount of our kind. */
struct own_mount {
    dev_t device;
    char *path;   /* where it is mounted; owned */
    char *source; /* what it shows; owned */
    bool leads;   /* to ourselves */
};

struct own_mounts {
    const char *type; /* constant; of the file systems, as in mountinfo */
    pthread_mutex_t lock;
    int table;              /* the mount table, to be polled for changes; -1: it cannot be read */
    dev_t own;              /* protected by lock; 0: not known yet */
    const char *mountpoint; /* protected by lock; borrowed; NULL: not known yet */
    bool fresh;             /* protected by lock; what follows is of the table as it is */
    bool elsewhere;         /* protected by lock; one that leads is not at our mountpoint */
    bool complete;          /* protected by lock; all were noted */
    size_t count;           /* protected by lock */
    struct own_mount mounts[MOST_OWN_MOUNTS]; /* protected by lock */
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
