/* SPDX-License-Identifier: MIT */
#include "core/view/whole_view.h"

static uint64_t count_whole(const struct view *view, const struct view_file *file)
{
    (void)view;
    (void)file;
    return 1;
}

static int find_whole(const struct view *view, uint64_t number, const struct view_file *file,
                      struct piece_data *data)
{
    (void)view;
    (void)number;
    data->bytes = (struct range){0, file->size};
    return 0;
}

const struct view_type whole_view = {
    .name = "whole",
    .help = "the file in one piece",
    .is_single = true,
    .count = count_whole,
    .find_number = find_whole,
};

const struct view whole_of_file = {.type = &whole_view};
const struct selector whole_selector = {.kind = SELECT_NUMBER};
