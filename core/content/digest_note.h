/* SPDX-License-Identifier: MIT */
/*
 * Remembers the digests of pieces (core/content/piece_digest.h), so that a list of checksums, an
 * attribute and another view with the same pieces hash a piece once.
 *
 * It is a note of a generation. All is forgotten as soon as the file changes in any way. While a
 * time stamp may stand for a later change too, nothing is remembered. A note holds at most
 * DIGESTS_REMEMBERED digests; the older half goes first. If other contents have all the room,
 * nothing more is remembered.
 *
 * All functions are thread-safe. No lock is held while bytes are read.
 */
#ifndef BIGFS_CORE_CONTENT_DIGEST_NOTE_H
#define BIGFS_CORE_CONTENT_DIGEST_NOTE_H

#include <stdbool.h>

#include "core/content/piece_digest.h"

/* Of one content; all contents of a pool have room for twice as many, in 15 MiB of memory. */
enum { DIGESTS_REMEMBERED = 64 * 1024 };

/*
 * Sets *digest to that of a piece of a pinned reading, remembered or made. Blocks and fails as
 * piece_digest_make(), and with -ESTALE if the bytes may have changed meanwhile.
 */
int digest_note_find(const struct reading *reading, const struct piece *piece,
                     struct piece_digest *digest);

/* Sets *digest if it is remembered. The caller must confirm the reading. Does not block. */
bool digest_note_recall(const struct reading *reading, const struct piece *piece,
                        struct piece_digest *digest);

/*
 * Waits a moment (at most 20 ms) if the file was first seen, or has changed, just now, so that
 * digests that are made from now on can be remembered.
 */
void digest_note_settle(const struct reading *reading);

#endif
