/* SPDX-License-Identifier: MIT */
#include "core/format/record_formats.h"

#include <string.h>

#include "core/format/lines.h"

const struct record_format *const record_formats[] = {
    &lines_format,
    NULL,
};

const struct record_format *record_format_named(const char *name, size_t length)
{
    for (const struct record_format *const *format = record_formats + 1; *format != NULL; format++)
        if (strlen((*format)->name) == length && memcmp((*format)->name, name, length) == 0)
            return *format;
    return NULL;
}
