/* SPDX-License-Identifier: MIT */
#include "core/view/bytes_view.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/quantity.h"
#include "core/view/range_name.h"

static bool parse_bytes_size(const char *text, size_t length, struct view *view)
{
    return partition_parse(text, length, &view->partition);
}

static uint64_t count_bytes_pieces(const struct view *view, const struct view_file *file)
{
    return partition_count(&view->partition, file->size);
}

static int find_bytes(const struct view *view, uint64_t number, const struct view_file *file,
                      struct piece_data *data)
{
    uint64_t start = partition_start(&view->partition, file->size, number);
    uint64_t end = partition_start(&view->partition, file->size, number + 1);
    data->bytes = (struct range){start, end - start};
    return 0;
}

static bool read_byte_range(const char *name, struct selector *selector)
{
    return range_name_read(name, quantity_parse_size, selector);
}

static uint64_t size_in_bytes(const struct view_file *file)
{
    return file->size;
}

static int find_byte_range(const struct view *view, const struct selector *selector,
                           const struct view_file *file, struct piece_data *data)
{
    (void)view;
    if (selector->offset > file->size)
        return -ENOENT;
    data->bytes =
        (struct range){selector->offset, min_u64(selector->length, file->size - selector->offset)};
    return 0;
}

const struct view_type bytes_view = {
    .name = "bytes",
    .is_arithmetic = true,
    .parse_size = parse_bytes_size,
    .count = count_bytes_pieces,
    .find_number = find_bytes,
    .read_range = read_byte_range,
    .units = size_in_bytes,
    .find_range = find_byte_range,
};
