/* SPDX-License-Identifier: MIT */
/*
 * An operation: one kind of request from the kernel. Each is a pair of files in fs/operation and a
 * row of the table in fs/operation/operations.h.
 */
#ifndef BIGFS_FS_SERVE_OPERATION_H
#define BIGFS_FS_SERVE_OPERATION_H

#include <stdbool.h>

struct request;

struct operation {
    const char *name; /* as in the FUSE protocol, in lower case; for counters and the log */

    bool names_entry; /* its request's name is that of an entry of the directory */

    /*
     * Does the work and answers the request, or puts it aside. NULL: the request is answered when
     * it is received, and never stands in a line.
     */
    void (*run)(struct request *request);

    /*
     * Answers with -errno a request that was not run: it was interrupted, or there was no memory to
     * queue it.
     */
    void (*refuse)(const struct request *request, int error);
};

#endif
