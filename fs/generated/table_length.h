/*
 * How long a table is, and where in it a line begins, by arithmetic alone: of `bytes` of a file
 * without holes, where every field follows from the size.
 */
#ifndef BIGFS_FS_GENERATED_TABLE_LENGTH_H
#define BIGFS_FS_GENERATED_TABLE_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/view/view.h"
#include "fs/generated/table.h"

/* Whether the text of the view's table follows from the size of a file that has these blocks. */
bool table_is_computed(const struct view *view, const struct file_identity *identity);

/*
 * The length of such a table of a file of `size` bytes, in bytes. TABLE_TOO_LONG: it has so many
 * pieces that its text may be longer than a file can be.
 */
#define TABLE_TOO_LONG UINT64_MAX
uint64_t table_length(const struct view *view, uint64_t size);

/*
 * The line of such a table in which the byte at `offset` is, for an offset below the length. The
 * table must not be too long.
 */
struct table_place table_place_at(const struct view *view, uint64_t size, uint64_t offset);

#endif
