/* SPDX-License-Identifier: MIT */
#include "core/view/view_types.h"

#include <assert.h>
#include <string.h>

#include "core/view/bytes_view.h"
#include "core/view/extents_view.h"
#include "core/view/lines_view.h"
#include "core/view/rows_view.h"
#include "core/view/sorted_view.h"
#include "core/view/whole_view.h"

const struct view_type *const view_types[] = {
    &bytes_view, &lines_view, &rows_view, &extents_view, &sorted_view, &whole_view, NULL,
};
static_assert(sizeof(view_types) / sizeof(view_types[0]) - 1 <= VIEW_TYPES_MOST,
              "there are more than VIEW_TYPES_MOST");

size_t view_type_named(const char *name, size_t length)
{
    size_t number = 0;
    while (view_types[number] != NULL && (strlen(view_types[number]->name) != length ||
                                          memcmp(view_types[number]->name, name, length) != 0))
        number++;
    return number;
}
