/* SPDX-License-Identifier: MIT */
/*
 * A request, and everything needed to answer it later.
 *
 * A request begins when its operation receives it, and ends with the one reply of fs/serve/reply.h,
 * which counts it and its duration. In between it may be copied into a queue of the crew, or aside.
 */
#ifndef BIGFS_FS_SERVE_REQUEST_H
#define BIGFS_FS_SERVE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fuse_lowlevel.h>

#include "core/base/cancel.h"
#include "core/base/list.h"
#include "fs/serve/operation.h"

struct crew_lane;

struct request {
    const struct operation *operation;
    fuse_req_t fuse;
    int64_t began; /* CLOCK_MONOTONIC, ns */
    fuse_ino_t inode;
    size_t size;
    off_t offset;
    int whence; /* a seek's */
    struct fuse_file_info file;
    char name[256];      /* of a look-up or an extended attribute; otherwise "" */
    uint64_t device;     /* of the file system that it needs; 0: none */
    int64_t aside_since; /* when it was first put aside (fs/serve/aside.h), in ms; 0: never */

    /* Private to the crew. */
    struct list link;       /* protected by crew_lane.lock */
    struct crew_lane *lane; /* constant once it is in one */
    bool waiting;           /* protected by crew_lane.lock */
    bool interrupted;       /* protected by crew_lane.lock */
};

/* Begins a request that has just been received. */
struct request request_begin(const struct operation *operation, fuse_req_t fuse, fuse_ino_t inode);

/* Copies everything but the crew's own members. The copy is in no list. */
void request_copy(struct request *copy, const struct request *request);

#endif
