/* The types of views: a row and a pair of files each. */
#ifndef BIGFS_CORE_VIEW_VIEW_TYPES_H
#define BIGFS_CORE_VIEW_VIEW_TYPES_H

#include <stddef.h>

#include "core/view/view.h"

/* How many there are, in the order of listings. */
enum { VIEW_TYPES = 5 };

extern const struct view_type *const view_types[VIEW_TYPES];

/* The number of the type with this name of `length` bytes, or VIEW_TYPES. */
size_t view_type_named(const char *name, size_t length);

#endif
