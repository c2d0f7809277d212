/* SPDX-License-Identifier: MIT */
#include "core/view/bytes_view.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/quantity.h"
#include "core/view/range_name.h"
#include "core/view/span.h"

static uint64_t usual_bytes_size(const struct view_defaults *defaults)
{
    return defaults->chunk_size;
}

static uint64_t count_bytes_pieces(const struct view *view, const struct view_file *file)
{
    return span_pieces(view, file->size);
}

static int find_bytes(const struct view *view, uint64_t number, const struct view_file *file,
                      struct piece_data *data)
{
    uint64_t start = span_place(view, file->size, number);
    uint64_t end = span_place(view, file->size, number + 1);
    data->bytes = (struct range){start, end - start};
    return 0;
}

static bool read_byte_range(const char *name, struct selector *selector)
{
    return range_name_read(name, quantity_parse_size, selector);
}

static struct range bytes_of_view(const struct view *view, const struct view_file *file)
{
    return span_of(view, file->size);
}

/* What lies outside of what the view is of is left out. */
static int find_byte_range(const struct view *view, const struct selector *selector,
                           const struct view_file *file, struct piece_data *data)
{
    const struct range span = span_of(view, file->size);
    const uint64_t span_end = span.offset + span.length;

    if (selector->offset > span_end)
        return -ENOENT;
    uint64_t end = selector->offset + min_u64(selector->length, span_end - selector->offset);
    uint64_t start = max_u64(selector->offset, span.offset);
    data->bytes = (struct range){start, saturating_sub(end, start)};
    return 0;
}

const struct view_type bytes_view = {
    .name = "bytes",
    .help = "pieces of the same size",
    .range_help = "OFFSET+LENGTH: LENGTH bytes from OFFSET on; -LENGTH: the last bytes",
    .is_arithmetic = true,
    .takes = TAKES_SIZE | TAKES_FROM | TAKES_TO | TAKES_PIN,
    .parse_size = quantity_parse_size,
    .usual_size = usual_bytes_size,
    .size_name = "SIZE",
    .write_size = quantity_write_size,
    .count = count_bytes_pieces,
    .find_number = find_bytes,
    .read_range = read_byte_range,
    .range_names = "OFFSET+LENGTH or -LENGTH, such as 4096+512 or -64K, where LENGTH is at least 1",
    .units = bytes_of_view,
    .find_range = find_byte_range,
};
