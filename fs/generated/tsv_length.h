/* SPDX-License-Identifier: MIT */
/*
 * Computes the length of a table and where its lines begin, for `bytes` of a file without holes:
 * there every field follows from the size.
 */
#ifndef BIGFS_FS_GENERATED_TSV_LENGTH_H
#define BIGFS_FS_GENERATED_TSV_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/view/piece_name.h"
#include "core/view/view.h"
#include "fs/tree/generated_type.h"

/* The most bytes of a line of a table. Each byte of a name may become two. */
enum { TSV_LINE_MOST = 2 * PIECE_NAME_MOST + 5 * 21 + 2 };

/*
 * Writes the heading to `text`, which has room for TSV_LINE_MOST bytes. Returns how long it is.
 */
size_t tsv_heading(const struct view *view, char *text);

/* Whether the text of the view's table follows from the size of a file that has these blocks. */
bool tsv_is_computed(const struct view *view, const struct file_identity *identity);

/*
 * The length of such a table of a file of `size` bytes, in bytes. TEXT_TOO_LONG: it has so many
 * pieces that its text might exceed the largest file size.
 */
uint64_t tsv_length(const struct view *view, uint64_t size);

/*
 * The line of such a table that holds the byte at `offset`, which is less than the length. The
 * table must not be too long.
 */
struct text_place tsv_place_at(const struct view *view, uint64_t size, uint64_t offset);

#endif
