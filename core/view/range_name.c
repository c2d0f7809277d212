/* SPDX-License-Identifier: MIT */
#include "core/view/range_name.h"

#include <string.h>

bool range_name_read(const char *name,
                     int (*parse)(const char *text, size_t length, uint64_t *value),
                     struct selector *selector)
{
    const char *sign = name[0] == '-' ? name : strchr(name, '+');

    if (sign == NULL || parse(sign + 1, strlen(sign + 1), &selector->length) != 0 ||
        selector->length == 0)
        return false;
    selector->kind = sign[0] == '-' ? SELECT_TAIL : SELECT_RANGE;
    return sign[0] == '-' || parse(name, (size_t)(sign - name), &selector->offset) == 0;
}
