/* The types of views: a row and a pair of files each. */
#ifndef BIGFS_CORE_VIEW_VIEW_TYPES_H
#define BIGFS_CORE_VIEW_VIEW_TYPES_H

#include <stddef.h>

#include "core/view/view_type.h"

/* There are no more, so that there is room for what is known of each. */
enum { VIEW_TYPES_MOST = 16 };

/* In the order of listings. Ends with NULL. */
extern const struct view_type *const view_types[];

/* The number of the type with this name of `length` bytes; if there is none, that of the NULL. */
size_t view_type_named(const char *name, size_t length);

#endif
