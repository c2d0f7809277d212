/* SPDX-License-Identifier: MIT */
/*
 * The words of a content (core/generation/content_word.h): which word its first bytes have, and
 * whether they still are the content that a word names.
 *
 * It is a note of a generation. A word that was made is remembered for the version of the file it
 * was made of: a file that has grown, or whose ctime has moved, is sampled again. So a change of a
 * sampled block is seen even if the generation itself, whose sample lies elsewhere, takes the
 * change for growth. While a time stamp may stand for a later change too, nothing is remembered. A
 * write under way is waited for, as it may not have reached the sampled blocks yet.
 *
 *     use of the bytes of a content that a word names: copy them, then word_confirm()
 *
 * All functions are thread-safe. Those that make a word read up to CONTENT_WORD_BLOCKS blocks, and
 * block as content_read() does. No lock is held meanwhile.
 */
#ifndef BIGFS_CORE_CONTENT_WORD_NOTE_H
#define BIGFS_CORE_CONTENT_WORD_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/generation/content_word.h"

/*
 * Sets *word to that of the first `size` bytes (at least 1) of a pinned reading. Returns 0, -ESTALE
 * if the content is shorter, -CANCELLED, or an error as content_read().
 */
int word_find(const struct reading *reading, uint64_t size, struct content_word *word);

/*
 * Checks that what was read of a pinned reading before this call is of the content that `word`
 * names, after a check of the generation. A word of size 0 names any content. Returns 0, or
 * -ESTALE, or as word_find().
 */
int word_confirm(const struct reading *reading, const struct content_word *word);

/*
 * Whether word_confirm() would return 0 without reading anything. Does not block.
 */
bool word_is_confirmed(const struct reading *reading, const struct content_word *word);

#endif
