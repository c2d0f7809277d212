/* SPDX-License-Identifier: MIT */
/*
 * How a reader gets the index of a content: from memory, from the index directory, by a short scan
 * at once, or out of the index of what the file was before it grew. core/index/index_builder.h does
 * the long scans.
 *
 * All functions are thread-safe and block as reads of the file do.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_GET_H
#define BIGFS_CORE_INDEX_INDEX_GET_H

#include <stdbool.h>

#include "core/content/reading.h"
#include "core/index/index_directory.h"
#include "core/index/record_index.h"

/*
 * Gives the index of a pinned reading as it is now: *index is a reference for the caller. What
 * takes little (a few MiB to scan) is done at once; else -AWAITS_INDEX means that it must be waited
 * for (index_builder_join). Returns 0, -AWAITS_INDEX, -CANCELLED, -ESTALE, -ENOMEM, or a read
 * error.
 */
int index_get(struct index_directory *directory, const struct reading *reading,
              const struct record_format *format, struct record_index **index);

/*
 * Whether there is an index of the file, or of what it was before it grew, in memory or in the
 * index directory. It is not loaded. The reading need not be pinned. A file that cannot be looked
 * at has none.
 */
bool index_is_there(struct index_directory *directory, const struct reading *reading,
                    const struct record_format *format);

/*
 * Removes an index that was found not to fit its file, from memory and from the index directory, so
 * that the next one is made anew. `index` is the one that was used.
 */
void index_reject(struct index_directory *directory, const struct reading *reading,
                  const struct record_index *index);

#endif
