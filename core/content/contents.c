/* SPDX-License-Identifier: MIT */
#include "core/content/contents.h"

#include <stddef.h>

#include "core/content/plain.h"

const struct content_type *const content_types[] = {
    &plain_content,
    NULL,
};

const struct content_type *content_held_by(const struct reading *file)
{
    for (const struct content_type *const *type = content_types + 1; *type != NULL; type++)
        if ((*type)->recognises(file))
            return *type;
    return NULL;
}
