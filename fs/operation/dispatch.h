/* SPDX-License-Identifier: MIT */
/*
 * Runs each request in the lane for its kind of work, counted against the device that its node is
 * on. So a slow device does not delay requests for others.
 */
#ifndef BIGFS_FS_OPERATION_DISPATCH_H
#define BIGFS_FS_OPERATION_DISPATCH_H

#include <stdbool.h>

#include "fs/serve/crew.h"
#include "fs/serve/request.h"

/*
 * Runs a request in a lane, for a leader. A request that does not look at SOURCE runs at once, so
 * it is answered even if SOURCE does not respond. Always answers the request. Thread-safe.
 */
void dispatch(struct request *request, enum lane lane);

/* The same, in the lane for scans if the request may scan, else in the lane for looks. */
void dispatch_look(struct request *request, bool may_scan);

#endif
