/* SPDX-License-Identifier: MIT */
/*
 * Makes certain of an index: counts all again, and compares.
 *
 * The counts of a file that changes while it is read are of no one content, unless it was only
 * appended to, which digests of a sample do not prove. But if two counts of the same bytes, one
 * after the other, agree in every block, they are right of the moment between them.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_RECOUNT_H
#define BIGFS_CORE_INDEX_INDEX_RECOUNT_H

#include "core/content/reading.h"
#include "core/index/record_index.h"

/*
 * Counts what a finished index covers again, by one thread. `tell` is called before each step, with
 * how far it has come and how far it has to go, in bytes. The reading must be pinned. Returns 0,
 * -TRY_AGAIN if the counts differ, or as index_count().
 */
int index_recount(const struct reading *reading, const struct record_index *index,
                  void (*tell)(void *argument, uint64_t done, uint64_t size), void *argument);

#endif
