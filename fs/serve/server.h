/* SPDX-License-Identifier: MIT */
/*
 * The server handles the requests of one mount, whatever the mount shows.
 *
 *     kernel ── /dev/fuse ──> crew ──> operation ──> reply ──> counts, log
 *                              │  ^        │
 *                              lanes    aside
 *
 * It is the user data of the session. The driver (fs/tree/driver.h) has one.
 */
#ifndef BIGFS_FS_SERVE_SERVER_H
#define BIGFS_FS_SERVE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fuse_lowlevel.h>

#include "fs/serve/aside.h"
#include "fs/serve/buffers.h"
#include "fs/serve/crew.h"
#include "fs/serve/log.h"
#include "fs/serve/operation.h"
#include "fs/serve/prefetch.h"

/* The most bytes that a READ can ask for, as libfuse negotiates with the kernel. */
enum { MOST_READ = 1024 * 1024 };

enum { MOST_OPERATIONS = 32 };

/* Counters of one operation. */
struct operation_counts {
    _Atomic uint64_t requests;
    _Atomic uint64_t failures;    /* answered with an error */
    _Atomic uint64_t bytes;       /* of data in replies */
    _Atomic uint64_t nanoseconds; /* from receipt to reply, in all */
};

struct server {
    struct fuse_session *session;              /* constant; NULL before the mount */
    const struct operation *const *operations; /* constant; ends with NULL */
    struct operation_counts counts[MOST_OPERATIONS];
    _Atomic uint64_t interrupted; /* requests answered with EINTR */
    _Atomic uint64_t stale;       /* … with ESTALE */
    _Atomic uint64_t io_errors;   /* … with EIO */
    _Atomic uint64_t prefetched;  /* reads answered from prefetched bytes (fs/serve/prefetch.h) */
    struct crew crew;
    struct buffers buffers; /* one for each worker, to reply from */
    struct prefetch_pool prefetch;
    struct aside aside; /* requests that are tried again later */
    struct log log;
    atomic_bool ending; /* the mount has been detached; long work must stop */

    /* Constant; describes a request for people, in `text`. Set before use. */
    void (*describe)(const struct request *request, char *text, size_t size);

    /* Constant; called just before the kernel gets the answer to INIT; or NULL. Set before use. */
    void (*on_ready)(struct server *server);
};

/*
 * Makes a server for these operations. `lanes` holds the limit of each lane. Returns 0 or -ENOMEM.
 */
int server_init(struct server *server, const struct operation *const *operations,
                const unsigned *lanes);

/* Frees everything. No request may be under way. */
void server_destroy(struct server *server);

/* Starts the threads other than the crew's. Returns 0 or -errno. */
int server_start(struct server *server);

/* Answers the requests that wait without a thread. Call it after crew_stop(). */
void server_stop(struct server *server);

/* The server of a request. */
struct server *server_of(fuse_req_t fuse);

/* Tells work that the caller has stopped waiting. Valid as long as the request. */
struct cancel server_cancel(const struct request *request);

/* How many requests of the operation with this name have ended. */
uint64_t server_requests(const struct server *server, const char *operation);

/* Logs a request that is answered with EIO because of `error`, an error of the core. */
void server_log_failure(struct server *server, const struct request *request, int error);

/* Counts the end of a request. `answer` is the errno for its reader, or 0. For fs/serve/reply.h. */
void server_count(struct server *server, const struct request *request, int answer, size_t bytes,
                  uint64_t nanoseconds);

#endif
