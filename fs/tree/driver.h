/* One mount: what it shows, and what serves it. */
#ifndef BIGFS_FS_TREE_DRIVER_H
#define BIGFS_FS_TREE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/content/sampler.h"
#include "core/content/source.h"
#include "core/index/index_builder.h"
#include "core/index/index_directory.h"
#include "core/index/index_space.h"
#include "fs/serve/server.h"
#include "fs/tree/dir_streams.h"
#include "fs/tree/node.h"
#include "fs/tree/recent_sources.h"
#include "fs/tree/settings.h"

struct driver {
    struct server server; /* the user data of the session */
    const struct settings *settings;
    char *source;       /* absolute path of SOURCE; owned */
    char *mountpoint;   /* absolute; owned */
    char *single;       /* the only name that is shown, if SOURCE is one file; owned, or NULL */
    int directory;      /* SOURCE, or the directory it is in; owned */
    dev_t device;       /* of the mount itself; constant once it is served */
    bool kernel_checks; /* constant once mounted; rights, by what the mount says */
    struct timespec started; /* CLOCK_REALTIME */
    struct own_mounts own;   /* what must not be met inside SOURCE */
    struct source_pool pool;
    struct index_directory index_directory;
    struct index_space index_space;
    struct index_builder index_builder;
    struct sampler sampler;
    struct recent_sources recent; /* of small files */
    struct node_table nodes;
    struct dir_streams dirs;
    pthread_mutex_t handles_lock;
    struct list handles;      /* protected by handles_lock; all that are open */
    uint64_t handle_count;    /* protected by handles_lock */
    _Atomic uint64_t lookups; /* names looked up, for listings too */
    _Atomic uint64_t opens;   /* files opened */
};

/*
 * Makes a driver with these settings, which stay the caller's: `source`, `mountpoint` and `single`
 * as above are taken over, also on failure. Its root is of this node type, and it serves these
 * operations. Returns 0 or -errno.
 */
int driver_init(struct driver *driver, const struct settings *settings,
                const struct node_type *root, const struct operation *const *operations,
                char *source, char *mountpoint, char *single);

/*
 * Starts the threads that make indexes, those that take samples, and those that serve what waits.
 * Call it when the signals that end a mount are blocked. Returns 0 or -errno.
 */
int driver_start(struct driver *driver);

/*
 * Ends what works or waits without a worker: the making of indexes, and what waits for one. After
 * crew_stop().
 */
void driver_stop(struct driver *driver);

/* Frees all, after driver_stop(). No request may be under way, and no handle open. */
void driver_destroy(struct driver *driver);

/* The driver of a request. */
struct driver *driver_of(fuse_req_t fuse);

/* The node that a request's number means. */
struct node *driver_node(struct driver *driver, fuse_ino_t inode);

/* How many files are open. */
uint64_t driver_handles(struct driver *driver);

/* Whether a regular file of this size is shown as a directory. */
bool driver_is_large(const struct driver *driver, uint64_t size);

/* Whether SOURCE is one file, with this name. */
bool driver_is_single(const struct driver *driver, const char *name);

#endif
