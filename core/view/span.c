/* SPDX-License-Identifier: MIT */
#include "core/view/span.h"

#include "core/base/checked.h"

static uint64_t span_end(const struct view *view, uint64_t size)
{
    return view->has_to ? view->to : size;
}

bool span_exists(const struct view *view, uint64_t size)
{
    const uint64_t end = span_end(view, size);
    return view->from <= end && end <= size;
}

struct range span_of(const struct view *view, uint64_t size)
{
    const uint64_t end = min_u64(span_end(view, size), size);
    const uint64_t start = min_u64(view->from, end);
    return (struct range){start, end - start};
}

bool span_is_limited(const struct view *view)
{
    return view->from > 0 || view->has_to;
}

uint64_t span_pieces(const struct view *view, uint64_t size)
{
    const struct range span = span_of(view, size);

    if (span.length == 0 && span_is_limited(view))
        return 0;
    return partition_count(&view->partition, span.length);
}

uint64_t span_place(const struct view *view, uint64_t size, uint64_t index)
{
    const struct range span = span_of(view, size);
    return span.offset + partition_start(&view->partition, span.length, index);
}
