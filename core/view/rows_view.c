/* SPDX-License-Identifier: MIT */
#include "core/view/rows_view.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/base/quantity.h"
#include "core/index/index_get.h"
#include "core/index/rows.h"
#include "core/view/range_name.h"

static uint64_t usual_rows_size(const struct view_defaults *defaults)
{
    return defaults->rows;
}

static uint64_t count_rows_pieces(const struct view *view, const struct view_file *file)
{
    return partition_count(&view->partition, file->records);
}

/* Finds the data of `count` rows from `first` on, or fewer if the file ends before. */
static int find_rows(uint64_t first, uint64_t count, const struct view_file *file,
                     struct piece_data *data)
{
    uint64_t start = 0;
    uint64_t end = 0;

    data->first_row = min_u64(first, file->records);
    data->rows = min_u64(count, file->records - data->first_row);
    int error = rows_find_both(file->reading, file->index, data->first_row,
                               data->first_row + data->rows, &start, &end);
    start = min_u64(start, file->size);
    end = min_u64(end, file->size); /* the last record of a pinned content may be cut */
    data->bytes = (struct range){start, end - start};
    return error;
}

static int find_rows_piece(const struct view *view, uint64_t number, const struct view_file *file,
                           struct piece_data *data)
{
    uint64_t first = partition_start(&view->partition, file->records, number);
    uint64_t next = partition_start(&view->partition, file->records, number + 1);
    return find_rows(first, next - first, file, data);
}

/* Reads "A-B" and "A+COUNT", counted from 1, and "-COUNT". */
static bool read_row_range(const char *name, struct selector *selector)
{
    const char *dash = strchr(name, '-');
    uint64_t last = 0;

    if (dash == NULL || dash == name) {
        if (!range_name_read(name, quantity_parse_count, selector))
            return false;
        return selector->kind != SELECT_RANGE || selector->offset-- > 0;
    }
    selector->kind = SELECT_RANGE;
    if (quantity_parse_count(name, (size_t)(dash - name), &selector->offset) != 0 ||
        quantity_parse_count(dash + 1, strlen(dash + 1), &last) != 0 || selector->offset == 0 ||
        last < selector->offset)
        return false;
    selector->length = last - --selector->offset;
    return true;
}

static struct range rows_of_view(const struct view *view, const struct view_file *file)
{
    (void)view;
    return (struct range){0, file->records};
}

static int find_row_range(const struct view *view, const struct selector *selector,
                          const struct view_file *file, struct piece_data *data)
{
    (void)view;
    if (selector->offset > file->records)
        return -ENOENT;
    return find_rows(selector->offset, selector->length, file, data);
}

static uint64_t first_line_of(const struct piece_data *data)
{
    return data->first_row + 1;
}

static uint64_t lines_of(const struct piece_data *data)
{
    return data->rows;
}

static const struct view_column columns[] = {
    {"first_line", first_line_of},
    {"lines", lines_of},
    {NULL, NULL},
};

const struct view_type rows_view = {
    .name = "rows",
    .help = "pieces of the same number of records, for which an index is made",
    .range_help = "A-B: records A to B, counted from 1; A+COUNT: COUNT records from A on; -COUNT: "
                  "the last records",
    .has_records = true,
    .has_usual_format = true,
    .needs_index = true,
    .takes = TAKES_SIZE | TAKES_HEADER | TAKES_FORMAT | TAKES_PIN,
    .parse_size = quantity_parse_count,
    .usual_size = usual_rows_size,
    .size_name = "COUNT",
    .write_size = quantity_write_count,
    .count = count_rows_pieces,
    .find_number = find_rows_piece,
    .read_range = read_row_range,
    .range_names = "A-B with A up to B, A+COUNT or -COUNT, counted from 1",
    .units = rows_of_view,
    .find_range = find_row_range,
    .columns = columns,
};
