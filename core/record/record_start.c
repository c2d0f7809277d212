/* SPDX-License-Identifier: MIT */
#include "core/record/record_start.h"

#include "core/base/checked.h"
#include "core/index/rows.h"
#include "core/record/boundary.h"

int record_start_find(const struct reading *reading, const struct record_format *format,
                      struct record_index *index, uint64_t place, uint64_t *start)
{
    if (!format->needs_index)
        return boundary_find(reading, format, place, start);
    *start = place;
    return record_start_find_both(reading, format, index, start, &place);
}

int record_start_find_both(const struct reading *reading, const struct record_format *format,
                           struct record_index *index, uint64_t *start, uint64_t *end)
{
    if (!format->needs_index)
        return boundary_find_both(reading, format, start, end);
    int error = rows_find_boundaries(reading, index, start, end);
    *start = min_u64(*start, reading->size);
    *end = min_u64(*end, reading->size);
    return error;
}

int record_start_after(const struct reading *reading, const struct record_format *format,
                       struct record_index *index, uint64_t count, uint64_t *end)
{
    if (!format->needs_index)
        return boundary_after_records(reading, format, count, end);
    int error = rows_find(reading, index, count, end);
    *end = min_u64(*end, reading->size);
    return error;
}
