/* SPDX-License-Identifier: MIT */
#include "fs/tree/options_in_force.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

int options_in_force_add(struct options_in_force *options, char *text, bool has_path)
{
    struct option_in_force *rows =
        text != NULL ? reallocarray(options->rows, options->count + 1, sizeof(options->rows[0]))
                     : NULL;
    if (rows == NULL) {
        free(text);
        return -ENOMEM;
    }
    options->rows = rows;
    rows[options->count++] = (struct option_in_force){text, has_path};
    return 0;
}

void options_in_force_destroy(struct options_in_force *options)
{
    for (size_t i = 0; i < options->count; i++)
        free(options->rows[i].text);
    free(steal_pointer(&options->rows));
    options->count = 0;
}
