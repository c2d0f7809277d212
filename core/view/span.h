/* SPDX-License-Identifier: MIT */
/*
 * The span of a view: the part of a content that it is of, and its nominal cut.
 *
 *     content     |0            from|       |        |to          |size
 *     pieces                        |0      |1       |             by size, or by number
 *
 * A span that from or to makes empty has no pieces. All functions are pure.
 */
#ifndef BIGFS_CORE_VIEW_SPAN_H
#define BIGFS_CORE_VIEW_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/view/view_type.h"

/* Whether a content of `size` bytes (at most OFFSET_MAX) has what the view is of. */
bool span_exists(const struct view *view, uint64_t size);

/* The bytes of such a content that the view is of; empty if it has not got them any more. */
struct range span_of(const struct view *view, uint64_t size);

/* Whether `from` or `to` is given, so that it may be less than the content. */
bool span_is_limited(const struct view *view);

/* How many numbered pieces the span has. */
uint64_t span_pieces(const struct view *view, uint64_t size);

/* Where piece `index`, at most span_pieces(), nominally starts: an offset in the content. */
uint64_t span_place(const struct view *view, uint64_t size, uint64_t index);

#endif
