/* SPDX-License-Identifier: MIT */
#include "core/view/table_row.h"

#include "core/content/holes.h"

int table_row_find(const struct view *view, const struct view_file *file, const char *extension,
                   const struct selector *selector, bool whole, struct table_row *row)
{
    struct piece piece;

    int error = view_resolve(view, selector, file, &piece, &row->data);
    if (error != 0)
        return error;
    const struct range bytes = row->data.bytes;
    row->data_bytes = bytes.length;
    if (!whole)
        error = holes_count_data(file->reading, bytes.offset, bytes.offset + bytes.length,
                                 &row->data_bytes);
    if (error == 0)
        piece_name_write(view, extension, view_count(view, file), selector, row->name);
    return error;
}

size_t table_row_numbers(const struct view_type *type, const struct table_row *row,
                         struct table_number numbers[TABLE_NUMBERS_MOST])
{
    static const struct table_row none = {.data_bytes = 0};
    const struct view_column *column = type->columns;
    size_t count = 0;

    row = row != NULL ? row : &none;
    numbers[count++] = (struct table_number){"offset", row->data.bytes.offset};
    numbers[count++] = (struct table_number){"length", row->data.bytes.length};
    numbers[count++] = (struct table_number){"data_bytes", row->data_bytes};
    for (; column != NULL && column->name != NULL && count < TABLE_NUMBERS_MOST; column++)
        numbers[count++] = (struct table_number){column->name, column->value(&row->data)};
    return count;
}
