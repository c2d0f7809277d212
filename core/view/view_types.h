/* SPDX-License-Identifier: MIT */
/* The table of view types: one row and one pair of files each. */
#ifndef BIGFS_CORE_VIEW_VIEW_TYPES_H
#define BIGFS_CORE_VIEW_VIEW_TYPES_H

#include <stddef.h>

#include "core/view/view_type.h"

/* An upper limit, for arrays with an element for each type. */
enum { VIEW_TYPES_MOST = 16 };

/* In the order of listings. Ends with NULL. */
extern const struct view_type *const view_types[];

/* The index of the type with this name of `length` bytes, or that of the NULL if there is none. */
size_t view_type_named(const char *name, size_t length);

#endif
