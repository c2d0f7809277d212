/*
 * Rows: where lines begin, by their numbers.
 *
 * The generation must be pinned, and the index be its. All functions are thread-safe and block as
 * reads of the file do.
 */
#ifndef BIGFS_CORE_INDEX_ROWS_H
#define BIGFS_CORE_INDEX_ROWS_H

#include <stdint.h>

#include "core/content/source.h"
#include "core/index/line_index.h"

/*
 * Sets *offset to where line `line` (from 0) begins, or to the size that the index covers where
 * there are no more lines. Reads at most one block of the source (LINE_BLOCK). Returns 0,
 * -WRONG_INDEX where the block is not what was indexed, or as source_read.
 */
int rows_find(struct source *source, struct generation *generation, struct line_index *index,
              uint64_t line, uint64_t *offset);

/*
 * Finds where line `first` begins and where line `behind` (not less) does, as rows_find. Reads at
 * most one block where both are in one, else two.
 */
int rows_find_both(struct source *source, struct generation *generation, struct line_index *index,
                   uint64_t first, uint64_t behind, uint64_t *start, uint64_t *end);

#endif
