/* SPDX-License-Identifier: MIT */
/*
 * Adds counts to an index in the making, in any order.
 *
 *     counted     | step | step |      | step | hole                |
 *     chosen      |===========>          these wait for the gap to be counted
 *
 * A step has the counts of each block for every state of the format that it may begin in, or for
 * the one that holds if that is known already. Those that hold are chosen once the state at its
 * start is known. Formats with one state do not wait.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_STEP_H
#define BIGFS_CORE_INDEX_INDEX_STEP_H

#include "core/index/record_index.h"

/* Makes a step without counts of [start, end), which lies within one group. NULL: no memory. */
struct index_step *index_step_new(uint64_t start, uint64_t end);

/*
 * Whether the state at `start` is known already, as all before has been counted; sets *state. Then
 * a step needs the counts for that state alone. Thread-safe.
 */
bool index_step_knows(struct record_index *index, uint64_t start, uint8_t *state);

/*
 * Adds a step to an index, and takes over the step. Steps may overlap only if they are holes.
 * Thread-safe. Returns 0 or -ENOMEM.
 */
int index_step_add(struct record_index *index, struct index_step *step);

/* The same for a hole of any length. */
int index_step_add_hole(struct record_index *index, uint64_t start, uint64_t end);

#endif
