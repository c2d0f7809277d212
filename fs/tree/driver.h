/* SPDX-License-Identifier: MIT */
/* One mount: what it shows and what serves it. */
#ifndef BIGFS_FS_TREE_DRIVER_H
#define BIGFS_FS_TREE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/content/sampler.h"
#include "core/content/source.h"
#include "core/file/directory_watch.h"
#include "core/index/index_builder.h"
#include "core/index/index_directory.h"
#include "core/index/index_space.h"
#include "fs/serve/server.h"
#include "fs/tree/dir_streams.h"
#include "fs/tree/node.h"
#include "fs/tree/recent_sources.h"
#include "fs/tree/settings.h"
#include "fs/tree/troubles.h"

struct driver {
    struct server server; /* the user data of the session */
    const struct settings *settings;
    char *source;         /* absolute path of SOURCE; owned */
    char *mountpoint;     /* absolute; owned */
    char *single;         /* the only name that is shown, if SOURCE is one file; owned, or NULL */
    char *directory_path; /* of SOURCE, or of the directory it is in; owned */
    char *user;           /* the name of the one who mounted; owned, or NULL */
    int directory;        /* the same; owned; follows its path (core/file/directory_watch.h) */
    struct directory_watch watch;
    dev_t device;            /* of the mount itself; constant once it is served */
    bool kernel_checks;      /* constant once mounted; the kernel checks rights (allow_other) */
    struct timespec started; /* CLOCK_REALTIME */
    struct own_mounts own;   /* mounts that must not be entered inside SOURCE */
    struct source_pool pool;
    struct index_directory index_directory;
    struct index_space index_space;
    struct index_builder index_builder;
    struct sampler sampler;
    struct recent_sources recent; /* of small files and compressed contents */
    struct troubles troubles;     /* of files */
    struct node_table nodes;
    struct dir_streams dirs;
    pthread_mutex_t handles_lock;
    struct list handles;      /* protected by handles_lock; all that are open */
    uint64_t handle_count;    /* protected by handles_lock */
    _Atomic uint64_t lookups; /* names looked up, including those of listings */
    _Atomic uint64_t opens;   /* files opened */
};

/*
 * Makes a driver with these settings, which remain the caller's. Takes ownership of `source`,
 * `mountpoint` and `single` (see above), even on failure. The root has the node type `root`; the
 * mount serves `operations`. Returns 0 or -errno.
 */
int driver_init(struct driver *driver, const struct settings *settings,
                const struct node_type *root, const struct operation *const *operations,
                char *source, char *mountpoint, char *single);

/*
 * Starts the threads that make indexes, take samples, and serve waiting requests. Call it once the
 * signals that end a mount are blocked. Returns 0 or -errno.
 */
int driver_start(struct driver *driver);

/* Stops the making of indexes and answers what waits for one. Call it after crew_stop(). */
void driver_stop(struct driver *driver);

/* Frees everything, after driver_stop(). No request may be under way, and no handle open. */
void driver_destroy(struct driver *driver);

/* The driver of a request. */
struct driver *driver_of(fuse_req_t fuse);

/* The node for the number in a request. */
struct node *driver_node(struct driver *driver, fuse_ino_t inode);

/* How many files are open. */
uint64_t driver_handles(struct driver *driver);

/*
 * The absolute path of a path beneath SOURCE. It may be longer than PATH_MAX. The caller frees it;
 * NULL: no memory.
 */
char *driver_absolute_path(const struct driver *driver, const char *path);

/* Whether a regular file of this size is shown as a directory. */
bool driver_is_large(const struct driver *driver, uint64_t size);

/* Whether SOURCE is one file, with this name. */
bool driver_is_single(const struct driver *driver, const char *name);

#endif
