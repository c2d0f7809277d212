/*
 * Decides where a request is worked on: in the lane of its kind of work, as one of its node's
 * device. So it cannot hold up requests of other kinds or devices.
 */
#ifndef BIGFS_FS_OPERATION_DISPATCH_H
#define BIGFS_FS_OPERATION_DISPATCH_H

#include <stdbool.h>

#include "fs/serve/crew.h"
#include "fs/serve/request.h"

/*
 * Runs a request in a lane. For a leader. A request that does not look at SOURCE runs at once, so
 * it is answered even if SOURCE does not answer. The request is answered in every case.
 * Thread-safe.
 */
void dispatch(struct request *request, enum lane lane);

/* The same, in the lane of scans if the request may scan, else in the lane of looks. */
void dispatch_look(struct request *request, bool may_scan);

#endif
