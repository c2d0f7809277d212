/*
 * Requests: what they are about, where they wait, and how they are refused.
 *
 * All functions are thread-safe. A request is answered once and is gone then.
 */
#ifndef BIGFS_FS_OPERATION_REQUEST_H
#define BIGFS_FS_OPERATION_REQUEST_H

#include <stdbool.h>

#include <fuse_lowlevel.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

struct driver *driver_of(fuse_req_t request);
struct node *node_of(fuse_req_t request, fuse_ino_t inode);

/* Tells that nobody waits for the answer any more. Valid as long as the request. */
struct cancel cancel_of(fuse_req_t request);

/*
 * Answers with an error of the core, -errno, and counts it. The one place where such an error
 * becomes what a reader gets.
 */
void reply_error(fuse_req_t request, int error);

/*
 * Ends a job that failed: puts it aside if it can go on later (fs/serve/aside.h), else answers with
 * the error as reply_error() does.
 */
void fail_job(const struct job *job, int error);

/* The same as what refuses a job. */
void refuse_job(const struct job *job, int error);

/*
 * Runs a job behind a gate, as gate_run does, for a worker that receives requests: meanwhile
 * another receives in its place. It counts against the device of the node that job->inode says.
 */
void run_behind(struct driver *driver, struct gate *gate, struct job *job);

/*
 * Runs a job where it can hold up no others: behind the gate that its kind of work has. `scans`
 * says that it may scan the source of the node that job->inode says.
 */
void dispatch(struct job *job, bool scans);

#endif
