/* SPDX-License-Identifier: MIT */
#include "core/view/lines_view.h"

#include "core/base/quantity.h"
#include "core/record/record_start.h"
#include "core/view/span.h"

static uint64_t usual_lines_size(const struct view_defaults *defaults)
{
    return defaults->chunk_size;
}

static uint64_t count_lines_pieces(const struct view *view, const struct view_file *file)
{
    return span_pieces(view, file->size);
}

static int find_lines(const struct view *view, uint64_t number, const struct view_file *file,
                      struct piece_data *data)
{
    struct reading part = *file->reading;
    uint64_t start = span_place(view, file->size, number);
    uint64_t end = span_place(view, file->size, number + 1);

    part.size = file->size;
    int error = record_start_find_both(&part, view->format, file->index, &start, &end);
    data->bytes = (struct range){start, end - start};
    return error;
}

const struct view_type lines_view = {
    .name = "lines",
    .help = "pieces of whole records, cut near every SIZE",
    .has_records = true,
    .has_usual_format = true,
    .takes = TAKES_SIZE | TAKES_HEADER | TAKES_FORMAT | TAKES_FROM | TAKES_TO | TAKES_PIN,
    .parse_size = quantity_parse_size,
    .usual_size = usual_lines_size,
    .size_name = "SIZE",
    .write_size = quantity_write_size,
    .count = count_lines_pieces,
    .find_number = find_lines,
};
