/*
 * Where a request is worked on: in the lane that its kind of work has, as one of the device that
 * its node is on. So it can hold up no others.
 */
#ifndef BIGFS_FS_OPERATION_DISPATCH_H
#define BIGFS_FS_OPERATION_DISPATCH_H

#include <stdbool.h>

#include "fs/serve/crew.h"
#include "fs/serve/request.h"

/*
 * Runs a request in a lane, for a leader; at once if it needs no look at SOURCE, which is answered
 * even if SOURCE does not answer. It is answered in every case. Thread-safe.
 */
void dispatch(struct request *request, enum lane lane);

/* The same in the lane of scans if the request may scan, else in that of looks. */
void dispatch_look(struct request *request, bool may_scan);

#endif
