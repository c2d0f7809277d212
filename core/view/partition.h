/* SPDX-License-Identifier: MIT */
/*
 * Nominal cuts: how a size is divided, regardless of the bytes. A size may count records too.
 *
 *     by size, 4 bytes each      |0   4|   8|   12|13          the last piece is shorter
 *     by count, 3 pieces         |0    5|   9|    13           the first size mod N are one longer
 */
#ifndef BIGFS_CORE_VIEW_PARTITION_H
#define BIGFS_CORE_VIEW_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct partition {
    bool by_count;  /* `value` is the number of pieces, not their size */
    uint64_t value; /* 1 to OFFSET_MAX */
};

/*
 * Parses "nN", or a size that `parse` reads as core/base/quantity.h does. Both must be positive.
 * Returns whether the text is one of these; else *partition is left alone.
 */
bool partition_parse(const char *text, size_t length,
                     int (*parse)(const char *text, size_t length, uint64_t *value),
                     struct partition *partition);

/* The number of pieces of `size` bytes (at most OFFSET_MAX); 0 pieces by size of 0. */
uint64_t partition_count(const struct partition *partition, uint64_t size);

/*
 * Where piece `index` starts, 0 <= index <= partition_count(); for the last of these, which is no
 * piece, it is `size`.
 */
uint64_t partition_start(const struct partition *partition, uint64_t size, uint64_t index);

#endif
