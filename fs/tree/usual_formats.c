/* SPDX-License-Identifier: MIT */
#include "fs/tree/usual_formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/format/record_formats.h"

/* Splits a row's text in place. */
static int split_text(struct usual_format *row)
{
    char *extension = row->text[0] == '.' ? row->text + 1 : row->text;
    char *equals = strchr(extension, '=');
    if (equals == NULL || equals == extension || equals[1] == '\0' ||
        memchr(extension, '/', (size_t)(equals - extension)) != NULL)
        return -EINVAL;
    *equals = '\0';
    row->extension = extension;
    row->name = equals + 1;
    return 0;
}

int usual_formats_add(struct usual_formats *formats, const char *text)
{
    struct usual_format *rows =
        reallocarray(formats->rows, formats->count + 1, sizeof(formats->rows[0]));
    if (rows == NULL)
        return -ENOMEM;
    formats->rows = rows;
    struct usual_format *row = &rows[formats->count];
    *row = (struct usual_format){.text = strdup(text)};
    if (row->text == NULL)
        return -ENOMEM;
    formats->count++; /* destroyed with the others even if it is wrong */
    return split_text(row);
}

const struct usual_format *usual_formats_resolve(struct usual_formats *formats,
                                                 const struct patterns *patterns)
{
    for (size_t i = 0; i < formats->count; i++) {
        struct usual_format *row = &formats->rows[i];
        row->format = patterns_find_format(patterns, row->name, strlen(row->name));
        if (row->format == NULL)
            return row;
    }
    return NULL;
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
        free(formats->rows[i].text);
    free(steal_pointer(&formats->rows));
    formats->count = 0;
}
