/* SPDX-License-Identifier: MIT */
#include "core/format/patterns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/format/record_formats.h"

int patterns_add(struct patterns *patterns, struct record_format *format)
{
    if (patterns_find(patterns, format->name, strlen(format->name)) != NULL)
        return -EEXIST;
    struct record_format **formats =
        reallocarray(patterns->formats, patterns->count + 1, sizeof(patterns->formats[0]));
    if (formats == NULL)
        return -ENOMEM;
    patterns->formats = formats;
    formats[patterns->count++] = format;
    return 0;
}

const struct record_format *patterns_find(const struct patterns *patterns, const char *name,
                                          size_t length)
{
    for (size_t i = 0; patterns != NULL && i < patterns->count; i++) {
        const struct record_format *format = patterns->formats[i];
        if (strlen(format->name) == length && memcmp(format->name, name, length) == 0)
            return format;
    }
    return NULL;
}

const struct record_format *patterns_find_format(const struct patterns *patterns, const char *name,
                                                 size_t length)
{
    const struct record_format *format = record_format_named(name, length);
    return format != NULL ? format : patterns_find(patterns, name, length);
}

void patterns_destroy(struct patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        pattern_free(patterns->formats[i]);
    free(steal_pointer(&patterns->formats));
    patterns->count = 0;
}
