/*
 * Parking: requests that wait for a line index, for hours perhaps, and hold no thread meanwhile.
 *
 *     job --run--> -AWAITS_INDEX --parking_wait--> parked --index made--> in line, run again
 *                                                   |
 *                                                   +-- interrupted --> EINTR
 *
 * Lock order: a request's lock in libfuse, then indexer.lock (the interrupt callback).
 */
#ifndef BIGFS_FS_OPERATION_PARKING_H
#define BIGFS_FS_OPERATION_PARKING_H

#include "fs/serve/gate.h"
#include "fs/tree/node.h"

/*
 * Parks a copy of the job until the index of the large file that `node` belongs to has been made,
 * then runs it again behind the gate for scans. The request is answered in every case. Thread-safe.
 */
void parking_wait(const struct job *job, const struct node *node);

#endif
