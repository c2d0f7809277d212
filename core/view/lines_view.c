/* SPDX-License-Identifier: MIT */
#include "core/view/lines_view.h"

#include "core/base/outcome.h"
#include "core/index/index_get.h"
#include "core/index/rows.h"
#include "core/record/boundary.h"

static bool parse_lines_size(const char *text, size_t length, struct view *view)
{
    return partition_parse(text, length, &view->partition);
}

static uint64_t count_lines_pieces(const struct view *view, const struct view_file *file)
{
    return partition_count(&view->partition, file->size);
}

/* In a format whose boundaries depend on all bytes before them. */
static int find_indexed_lines(const struct view_file *file, uint64_t *start, uint64_t *end)
{
    int error = rows_find_boundaries(file->reading, file->index, start, end);
    if (error == -WRONG_INDEX)
        index_reject(file->directory, file->reading, file->index);
    return error;
}

static int find_lines(const struct view *view, uint64_t number, const struct view_file *file,
                      struct piece_data *data)
{
    struct reading part = *file->reading;
    uint64_t start = partition_start(&view->partition, file->size, number);
    uint64_t end = partition_start(&view->partition, file->size, number + 1);

    part.size = file->size;
    int error = view->format->needs_index ? find_indexed_lines(file, &start, &end)
                                          : boundary_find_both(&part, view->format, &start, &end);
    data->bytes = (struct range){start, end - start};
    return error;
}

const struct view_type lines_view = {
    .name = "lines",
    .has_records = true,
    .parse_size = parse_lines_size,
    .count = count_lines_pieces,
    .find_number = find_lines,
};
