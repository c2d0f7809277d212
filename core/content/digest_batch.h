/* SPDX-License-Identifier: MIT */
/*
 * Digests of many pieces, made by all processors that this process may use.
 *
 *     pieces    | 0 | 1 | 2 | 3 | 4 | …          each thread takes the next piece
 *     caller     ████    ██████     █
 *     helper        █████       ████
 *
 * The caller works too. Helpers are threads that end with the batch. All batches of a process
 * together have fewer helpers than there are processors, so they take no more of the machine than
 * one of them. If none is to be had, the caller works alone.
 */
#ifndef BIGFS_CORE_CONTENT_DIGEST_BATCH_H
#define BIGFS_CORE_CONTENT_DIGEST_BATCH_H

#include <stddef.h>

#include "core/content/digest_note.h"

/*
 * Sets digests[i] to that of pieces[i], for `count` pieces of a pinned reading, in the order of the
 * pieces as far as one thread works. Returns 0, or the first error of any piece, as
 * digest_note_find(); then the digests mean nothing. Returns when all threads have ended: after
 * one step of theirs if the reading is cancelled. Thread-safe.
 */
int digest_batch_make(const struct reading *reading, const struct piece *pieces, size_t count,
                      struct piece_digest *digests);

#endif
