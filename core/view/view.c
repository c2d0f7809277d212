/* SPDX-License-Identifier: MIT */
#include "core/view/view.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/base/quantity.h"
#include "core/format/record_formats.h"
#include "core/index/index_get.h"
#include "core/record/boundary.h"
#include "core/view/view_types.h"

/* --- names ------------------------------------------------------------------------------------ */

/* Reads "header" or "header=H". */
static bool parse_header(const char *text, size_t length, uint64_t *header)
{
    const size_t word = strlen("header");

    if (length < word || memcmp(text, "header", word) != 0)
        return false;
    *header = 1;
    if (length == word)
        return true;
    return text[word] == '=' &&
           quantity_parse_number(text + word + 1, length - word - 1, header) == 0 && *header > 0;
}

/* Which arguments have been given: each may be given once. */
struct given {
    bool size;
    bool header;
    bool format;
};

/* Records an argument. Returns whether it is the first of its kind. */
static bool give_once(bool *given)
{
    bool first = !*given;
    *given = true;
    return first;
}

/* Reads one ARG. */
static bool parse_argument(const char *text, size_t length, struct view *view, struct given *given)
{
    if (view->type->has_records && parse_header(text, length, &view->header))
        return give_once(&given->header);
    const struct record_format *format =
        view->type->has_records ? record_format_named(text, length) : NULL;
    if (format != NULL) {
        view->format = format;
        return give_once(&given->format);
    }
    return view->type->parse_size != NULL && view->type->parse_size(text, length, view) &&
           give_once(&given->size);
}

static int parse_arguments(const char *text, const char *end, struct view *view)
{
    struct given given = {.size = false};

    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma != NULL ? comma : end;
        if (!parse_argument(text, (size_t)(stop - text), view, &given))
            return -ENOENT;
        if (comma == NULL)
            return 0;
        text = comma + 1;
    }
}

int view_parse(const char *name, size_t length, const struct view_defaults *defaults,
               struct view *view)
{
    const char *at = memchr(name, '@', length);
    size_t number = view_type_named(name, at != NULL ? (size_t)(at - name) : length);

    if (view_types[number] == NULL || view_types[number]->is_single)
        return -ENOENT;
    *view = (struct view){
        .type = view_types[number],
        .format = default_format,
        .partition.value = defaults->chunk_size,
        .rows = defaults->rows,
    };
    if (at == NULL) {
        view->header = view->type->has_records ? defaults->header : 0;
        return 0;
    }
    return parse_arguments(at + 1, name + length, view);
}

/* --- pieces ----------------------------------------------------------------------------------- */

bool view_is_numbered(const struct view *view)
{
    return view->type->count != NULL;
}

bool view_needs_index(const struct view *view)
{
    return view->type->needs_index || (view->type->has_records && view->format->needs_index);
}

int view_file_complete(struct view_file *file, const struct view *view,
                       struct index_directory *directory)
{
    if (!view_needs_index(view))
        return 0;
    int error = index_get(directory, file->reading, view->format, &file->index);
    if (error != 0)
        return error;
    file->size = file->index->size;
    file->directory = directory;
    return 0;
}

uint64_t view_count(const struct view *view, const struct view_file *file)
{
    return view_is_numbered(view) ? view->type->count(view, file) : 0;
}

int view_next(const struct view *view, const struct view_file *file, uint64_t *cursor,
              struct selector *selector)
{
    if (view->type->next != NULL)
        return view->type->next(file, cursor, selector);
    if (*cursor >= view_count(view, file))
        return -NO_MORE_PIECES;
    *selector = (struct selector){.kind = SELECT_NUMBER, .offset = (*cursor)++};
    return 0;
}

/* Removes from the data what belongs to the header of `header` records, which ends at `end`. */
static void leave_out_header(uint64_t header, uint64_t end, struct piece_data *data)
{
    uint64_t data_end = max_u64(data->bytes.offset + data->bytes.length, end);
    uint64_t rows_end = max_u64(data->first_row + data->rows, header);

    data->bytes.offset = max_u64(data->bytes.offset, end);
    data->bytes.length = data_end - data->bytes.offset;
    data->first_row = max_u64(data->first_row, header);
    data->rows = rows_end - data->first_row;
}

/* Puts the header before the data. The piece that contains the header does not repeat it. */
static int add_header(const struct view *view, const struct view_file *file, struct piece *piece,
                      struct piece_data *data)
{
    struct reading part = *file->reading;
    uint64_t header = view->header;
    uint64_t end = 0;

    part.size = file->size;
    int error = boundary_after_records(&part, view->format, header, &end);
    if (error != 0)
        return error;
    if (file->index != NULL)
        header = min_u64(header, record_index_records(file->index));
    leave_out_header(header, end, data);
    piece_add(piece, 0, end);
    return 0;
}

static int resolve_number(const struct view *view, uint64_t number, const struct view_file *file,
                          struct piece *piece, struct piece_data *data)
{
    if (number >= view_count(view, file))
        return -ENOENT;
    int error = view->type->find_number(view, number, file, data);
    if (error == 0 && view->header > 0)
        error = add_header(view, file, piece, data);
    return error;
}

/* Converts a tail (the last `length` units) to a range; returns other ranges unchanged. */
static struct selector as_range(const struct view *view, const struct selector *selector,
                                const struct view_file *file)
{
    if (selector->kind != SELECT_TAIL)
        return *selector;
    uint64_t all = view->type->units(file);
    uint64_t length = min_u64(selector->length, all);
    return (struct selector){SELECT_RANGE, all - length, length, NULL};
}

static int resolve_range(const struct view *view, const struct selector *selector,
                         const struct view_file *file, struct piece *piece, struct piece_data *data)
{
    const struct selector range = as_range(view, selector, file);
    int error = view->type->find_range(view, &range, file, data);
    if (error == 0 && view->header > 0 && view->type->ranges_have_header)
        error = add_header(view, file, piece, data);
    return error;
}

int view_resolve(const struct view *view, const struct selector *selector,
                 const struct view_file *file, struct piece *piece, struct piece_data *data)
{
    int error;

    memset(piece, 0, sizeof(*piece));
    memset(data, 0, sizeof(*data));
    if (selector->kind == SELECT_NUMBER)
        error = resolve_number(view, selector->offset, file, piece, data);
    else
        error = resolve_range(view, selector, file, piece, data);
    if (error == 0)
        piece_add(piece, data->bytes.offset, data->bytes.length);
    return error;
}

bool view_depends_on_growth(const struct view *view, const struct view_file *file,
                            const struct piece_data *data)
{
    return view->partition.by_count || data->depends_on_size ||
           data->bytes.offset + data->bytes.length >= file->size;
}
