/* SPDX-License-Identifier: MIT */
/*
 * Gets the index of a content: from memory, from the index directory, or by a short scan, which may
 * continue from an index made before the file grew. core/index/index_builder.h does the long scans.
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
 * Gets the index of a pinned reading as it is now; *index is a reference that the caller owns. At
 * most 16 MiB (INDEX_STEP) are scanned at once; if more are needed, this returns -AWAITS_INDEX and
 * the caller must wait (index_builder_join). Returns 0, -AWAITS_INDEX, -CANCELLED, -ESTALE,
 * -ENOMEM, or a read error.
 */
int index_get(struct index_directory *directory, const struct reading *reading,
              const struct record_format *format, struct record_index **index);

/*
 * The same, but counts nothing: returns -AWAITS_INDEX if there is no index of all of the content in
 * memory or in the index directory.
 */
int index_find(struct index_directory *directory, const struct reading *reading,
               const struct record_format *format, struct record_index **index);

/*
 * Whether there is an index of the file, or one from before it grew, in memory or in the index
 * directory. Does not load it. The reading need not be pinned. False if the file cannot be looked
 * at.
 */
bool index_is_there(struct index_directory *directory, const struct reading *reading,
                    const struct record_format *format);

/*
 * Removes an index that was found not to match its file from memory and from the index directory,
 * so that a new one is made. `index` is the one that was used.
 */
void index_reject(struct index_directory *directory, const struct reading *reading,
                  const struct record_index *index);

#endif
