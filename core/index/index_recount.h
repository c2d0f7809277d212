/* SPDX-License-Identifier: MIT */
/*
 * Verifies an index: counts everything again and compares.
 *
 * If a file changes while it is counted, the counts belong to no single content, unless it was only
 * appended to, which digests of a sample do not prove. But if two successive counts of the same
 * bytes agree in every block, they are right for the moment between them.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_RECOUNT_H
#define BIGFS_CORE_INDEX_INDEX_RECOUNT_H

#include "core/content/reading.h"
#include "core/index/record_index.h"

/*
 * Counts again what a finished index covers, in this thread. Calls `tell` before each step, with
 * the bytes done and the bytes in all. The reading must be pinned. Returns 0, -TRY_AGAIN if the
 * counts differ, or as index_count().
 */
int index_recount(const struct reading *reading, const struct record_index *index,
                  void (*tell)(void *argument, uint64_t done, uint64_t size), void *argument);

#endif
