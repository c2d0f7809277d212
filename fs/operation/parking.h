/* SPDX-License-Identifier: MIT */
/*
 * Parking: lets requests wait for an index, perhaps for hours, without occupying a thread.
 *
 *     request --run--> -AWAITS_INDEX --parking_wait--> parked --index made--> queued, run again
 *                                                       |
 *                                                       +-- interrupted --> EINTR
 *
 * Lock order: a request's lock in libfuse, then index_builder.lock (the interrupt callback).
 */
#ifndef BIGFS_FS_OPERATION_PARKING_H
#define BIGFS_FS_OPERATION_PARKING_H

#include "fs/serve/request.h"
#include "fs/tree/node.h"

/*
 * Parks a copy of the request until the index that `node` needs has been made, or that of `source`
 * if it is not NULL; then runs it again in this lane. Always answers the request. Thread-safe.
 */
void parking_wait(const struct request *request, const struct node *node, struct source *source,
                  enum lane lane);

#endif
