/* SPDX-License-Identifier: MIT */
/*
 * The length of a table, and where a line in it begins, by arithmetic alone. Only for `bytes` of a
 * file without holes, whose fields all follow from the size.
 */
#ifndef BIGFS_FS_GENERATED_TSV_LENGTH_H
#define BIGFS_FS_GENERATED_TSV_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/view/view.h"
#include "fs/tree/generated_type.h"

/*
 * Writes the heading to `text`, which has room for TEXT_LINE_MOST bytes. Returns how long it is.
 */
size_t tsv_heading(const struct view *view, char *text);

/* Whether the text of the view's table follows from the size of a file that has these blocks. */
bool tsv_is_computed(const struct view *view, const struct file_identity *identity);

/*
 * The length, in bytes, of such a table of a file of `size` bytes. TEXT_TOO_LONG: the file has so
 * many pieces that the text may be longer than a file can be.
 */
uint64_t tsv_length(const struct view *view, uint64_t size);

/*
 * The line of such a table with the byte at `offset`, which must be less than the length. The table
 * must not be too long.
 */
struct text_place tsv_place_at(const struct view *view, uint64_t size, uint64_t offset);

#endif
