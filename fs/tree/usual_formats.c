/* SPDX-License-Identifier: MIT */
#include "fs/tree/usual_formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/format/record_formats.h"

int usual_formats_add(struct usual_formats *formats, const char *text)
{
    const char *extension = text[0] == '.' ? text + 1 : text;
    const char *equals = strchr(extension, '=');
    if (equals == NULL || equals == extension ||
        memchr(extension, '/', (size_t)(equals - extension)))
        return -EINVAL;
    const struct record_format *format = record_format_named(equals + 1, strlen(equals + 1));
    if (format == NULL)
        return -EINVAL;
    struct usual_format *rows =
        reallocarray(formats->rows, formats->count + 1, sizeof(formats->rows[0]));
    if (rows == NULL)
        return -ENOMEM;
    formats->rows = rows;
    rows[formats->count].format = format;
    rows[formats->count].extension = strndup(extension, (size_t)(equals - extension));
    if (rows[formats->count].extension == NULL)
        return -ENOMEM;
    formats->count++;
    return 0;
}

const struct record_format *usual_formats_find(const struct usual_formats *formats,
                                               const char *extension)
{
    for (size_t i = formats->count; i > 0 && extension[0] == '.'; i--)
        if (strcmp(formats->rows[i - 1].extension, extension + 1) == 0)
            return formats->rows[i - 1].format;
    return default_format;
}

void usual_formats_destroy(struct usual_formats *formats)
{
    for (size_t i = 0; i < formats->count; i++)
        free(formats->rows[i].extension);
    free(steal_pointer(&formats->rows));
    formats->count = 0;
}
