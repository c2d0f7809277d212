#include "core/view/view_types.h"

#include <string.h>

#include "core/view/bytes_view.h"
#include "core/view/extents_view.h"
#include "core/view/lines_view.h"
#include "core/view/rows_view.h"
#include "core/view/whole_view.h"

const struct view_type *const view_types[VIEW_TYPES] = {
    &bytes_view, &lines_view, &rows_view, &extents_view, &whole_view,
};

size_t view_type_named(const char *name, size_t length)
{
    size_t number = 0;
    while (number < VIEW_TYPES && (strlen(view_types[number]->name) != length ||
                                   memcmp(view_types[number]->name, name, length) != 0))
        number++;
    return number;
}
