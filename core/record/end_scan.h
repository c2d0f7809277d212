/* SPDX-License-Identifier: MIT */
/*
 * Looks for a record end in a stretch of content, in any format that needs no index. It also reads
 * the bytes before the stretch that tell the state, and those after it that the format looks at.
 *
 *     content     |      context | stretch            | ahead      |
 *                                 start                end
 *
 * The reading must be pinned; its size is where the content ends. Both functions are thread-safe
 * and block and fail as scan(). They may also return -ENOMEM.
 */
#ifndef BIGFS_CORE_RECORD_END_SCAN_H
#define BIGFS_CORE_RECORD_END_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/format/record_format.h"

/* How far a scan came, and whether the byte there ends a record. */
struct end_found {
    uint64_t place;
    bool ends_record;
};

/*
 * Finds the first byte in [start, end) that ends a record; `start` is at least 1. Sets found->place
 * to it, or to `end` if there is none. After -CANCELLED *found says how far it came.
 */
int end_scan(const struct reading *reading, const struct record_format *format, uint64_t start,
             uint64_t end, struct end_found *found);

/* Whether the byte at `place`, at least 1, ends a record. */
int end_scan_at(const struct reading *reading, const struct record_format *format, uint64_t place,
                bool *ends_record);

#endif
