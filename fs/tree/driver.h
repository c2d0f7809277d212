/* One mount: everything the operations share. */
#ifndef BIGFS_FS_TREE_DRIVER_H
#define BIGFS_FS_TREE_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/content/sampler.h"
#include "core/content/source.h"
#include "core/index/index_space.h"
#include "core/index/index_store.h"
#include "core/index/indexer.h"
#include "fs/command/readahead.h"
#include "fs/serve/ahead.h"
#include "fs/serve/aside.h"
#include "fs/serve/buffers.h"
#include "fs/serve/gate.h"
#include "fs/serve/receivers.h"
#include "fs/serve/retries.h"
#include "fs/tree/dir_streams.h"
#include "fs/tree/node.h"
#include "fs/tree/recent_sources.h"
#include "fs/tree/settings.h"

/* The most a READ can ask for; what libfuse negotiates with the kernel. */
enum { MOST_READ = 1024 * 1024 };

struct daemon;

struct counters {
    _Atomic uint64_t lookups;
    _Atomic uint64_t opens;
    _Atomic uint64_t reads;
    _Atomic uint64_t reads_ahead; /* answered with what fs/serve/ahead.h had copied */
    _Atomic uint64_t listings;
    _Atomic uint64_t interrupts; /* requests answered with EINTR */
    _Atomic uint64_t stale;      /* answered with ESTALE */
    _Atomic uint64_t failures;   /* answered with EIO */
};

struct driver {
    const struct settings *settings;
    char *source;     /* absolute path of SOURCE; owned */
    char *mountpoint; /* absolute; owned */
    char *single;     /* the only name that is shown, where SOURCE is one file; owned, or NULL */
    int directory;    /* SOURCE, or the directory it is in; owned */
    dev_t device;     /* of the mount itself; constant once it is served */
    struct own_mounts own; /* what must not be met inside SOURCE */
    struct source_pool pool;
    struct index_store store;
    struct index_space index_space;
    struct indexer indexer;
    struct sampler sampler;
    struct recent_sources recent; /* of small files */
    struct node_table nodes;
    struct buffers buffers;  /* one for each worker, to reply from */
    struct ahead_pool ahead; /* to read ahead into */
    struct receivers receivers;
    struct gate reads; /* requests that read pieces */
    struct gate scans; /* requests that may scan for boundaries */
    struct gate
        looks; /* all others that look at SOURCE, which may be a disk that does not answer */
    struct dir_streams dirs;
    struct aside aside; /* requests that are tried again later */
    struct retries retries;
    struct counters counters;
    pthread_mutex_t handles_lock;
    struct list handles;          /* protected by handles_lock; all that are open */
    uint64_t handle_count;        /* protected by handles_lock */
    struct fuse_session *session; /* NULL before the mount */
    bool kernel_checks;           /* constant once mounted; rights, by what the kernel is told */
    atomic_bool init_answered;    /* for fs/command/init_answer.h alone */
    atomic_bool receiving;        /* the workers are there: requests may be received */
    atomic_bool ending;           /* the mount has been detached; long work is to stop */
    struct timespec started;      /* CLOCK_REALTIME */
    struct readahead readahead;
    struct daemon *daemon; /* to be told when the mount answers */
};

/*
 * Makes a driver with these settings, which stay the caller's: `source`, `mountpoint` and `single`
 * as above are taken over, also on failure. Returns 0 or -errno.
 */
int driver_init(struct driver *driver, const struct settings *settings, char *source,
                char *mountpoint, char *single);

uint64_t driver_handles(struct driver *driver);

/*
 * Starts the threads that make line indexes, and those that take samples. Call it when the signals
 * that end a mount are blocked. Returns 0 or -errno.
 */
int driver_start(struct driver *driver);

/*
 * Ends what works or waits without a worker: the making of line indexes, and what waits for one.
 * After workers_stop().
 */
void driver_stop(struct driver *driver);

/* Frees all, after driver_stop(). No request may be under way, and no handle open. */
void driver_destroy(struct driver *driver);

/*
 * How many threads there are: as many as all gates let work, as receive (all of these but one may
 * have blocked in what they ventured), and one more that stands by. So there is always one for an
 * interrupt and for what needs no source, such as .bigfs; and where there is room in a gate, one
 * that stands by for an errand.
 */
unsigned driver_workers(const struct driver *driver);

/* Whether a regular file of this size is shown as a directory. */
bool driver_is_large(const struct driver *driver, uint64_t size);

#endif
