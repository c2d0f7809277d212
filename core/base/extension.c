/* SPDX-License-Identifier: MIT */
#include "core/base/extension.h"

#include <string.h>

const char *file_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL || dot == name || dot[1] == '\0' ? "" : dot;
}

size_t held_name_length(const char *name)
{
    static const char *const suffixes[] = {".gz", ".bgz", ".zst", ".xz"};
    const char *extension = file_extension(name);

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (strcmp(extension, suffixes[i]) == 0)
            return (size_t)(extension - name);
    return strlen(name);
}
