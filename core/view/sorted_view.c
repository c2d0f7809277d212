/* SPDX-License-Identifier: MIT */
#include "core/view/sorted_view.h"

#include <errno.h>

#include "core/record/key_search.h"
#include "core/record/record_start.h"
#include "core/view/key_name.h"

static bool read_keys(const char *name, struct selector *selector)
{
    struct key_range keys;

    *selector = (struct selector){.kind = SELECT_KEYS, .keys = name};
    return key_name_read(name, &keys);
}

/*
 * Where the file ends decides which records the search looks at. If they are not in order, another
 * size gives another answer.
 */
static int find_keys(const struct view *view, const struct selector *selector,
                     const struct view_file *file, struct piece_data *data)
{
    struct reading part = *file->reading;
    struct key_range keys;
    uint64_t base = 0;
    uint64_t start = 0;
    uint64_t end = 0;

    if (!key_name_read(selector->keys, &keys))
        return -ENOENT;
    const struct key_limits limits = {keys.has_from ? &keys.from : NULL,
                                      keys.has_to ? &keys.to : NULL};
    part.size = file->size;
    data->depends_on_size = true;
    int error = record_start_after(&part, view->format, file->index, view->header, &base);
    if (error == 0)
        error = key_search(&part, view->format, file->index, base, &limits, &start, &end);
    data->bytes = (struct range){start, end - start};
    return error;
}

const struct view_type sorted_view = {
    .name = "sorted",
    .has_records = true,
    .is_found_only = true,
    .takes = TAKES_HEADER | TAKES_FORMAT,
    .read_range = read_keys,
    .range_names = "FROM..TO, or what records begin with; %25 is a percent sign",
    .find_range = find_keys,
    .ranges_have_header = true,
};
