/* SPDX-License-Identifier: MIT */
#include "core/view/view.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/word_note.h"
#include "core/format/record_formats.h"
#include "core/index/index_get.h"
#include "core/index/rows.h"
#include "core/record/record_start.h"
#include "core/view/span.h"
#include "core/view/view_argument.h"
#include "core/view/view_types.h"

/* --- names ------------------------------------------------------------------------------------ */

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
    };
    if (view->type->usual_size != NULL)
        view->partition.value = view->type->usual_size(defaults);
    if (at == NULL) {
        view->header = view->type->has_records ? defaults->header : 0;
        if (view->type->has_usual_format && defaults->format != NULL &&
            view_type_takes_format(view->type, defaults->format))
            view->format = defaults->format;
        return 0;
    }
    size_t used = (size_t)(at + 1 - name);
    return view_arguments_parse(at + 1, length - used, defaults->patterns, view) ? 0 : -ENOENT;
}

/* --- kinds ------------------------------------------------------------------------------------ */

bool view_is_numbered(const struct view *view)
{
    return view->type->count != NULL;
}

bool view_needs_index(const struct view *view)
{
    return view->type->needs_index || (view->type->has_records && view->format->needs_index);
}

/* --- what a view is of ------------------------------------------------------------------------ */

bool view_is_pinned(const struct view *view)
{
    return view->pin.size > 0;
}

bool view_is_limited(const struct view *view)
{
    return span_is_limited(view) || view_is_pinned(view);
}

uint64_t view_size(const struct view *view, uint64_t size)
{
    return view_is_pinned(view) ? view->pin.size : size;
}

int view_file_limit(struct view_file *file, const struct view *view)
{
    file->size = view_size(view, file->size);
    return span_exists(view, file->size) ? view_file_confirm(file, view) : -ENOENT;
}

int view_file_confirm(const struct view_file *file, const struct view *view)
{
    return view_is_pinned(view) ? word_confirm(file->reading, &view->pin) : 0;
}

/* An index that was found to be wrong is made anew. */
static int reject_if_wrong(const struct view_file *file, int error)
{
    if (error == -WRONG_INDEX)
        index_reject(file->directory, file->reading, file->index);
    return error;
}

/* Counts the records that the view is of. */
static int count_records(struct view_file *file, const struct view *view)
{
    if (!view_is_pinned(view)) {
        file->size = file->index->size;
        file->records = record_index_records(file->index);
        return 0;
    }
    return reject_if_wrong(file,
                           rows_within(file->reading, file->index, file->size, &file->records));
}

int view_file_complete(struct view_file *file, const struct view *view,
                       struct index_directory *directory)
{
    int error = view_file_limit(file, view);
    if (error != 0 || !view_needs_index(view))
        return error;
    error = index_get(directory, file->reading, view->format, &file->index);
    if (error != 0)
        return error;
    file->directory = directory;
    error = count_records(file, view);
    if (error != 0)
        record_index_unref(steal_pointer(&file->index));
    return error;
}

/* --- pieces ----------------------------------------------------------------------------------- */

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
    int error = record_start_after(&part, view->format, file->index, header, &end);
    if (error != 0)
        return error;
    if (file->index != NULL)
        header = min_u64(header, file->records);
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
    const struct range all = view->type->units(view, file);
    uint64_t length = min_u64(selector->length, all.length);
    return (struct selector){SELECT_RANGE, all.offset + all.length - length, length, NULL};
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
    return reject_if_wrong(file, error);
}

bool view_depends_on_growth(const struct view *view, const struct view_file *file,
                            const struct piece_data *data)
{
    const uint64_t reach = view->type->has_records ? view->format->reach : 0;
    const bool ends_with_file =
        data->bytes.offset + data->bytes.length >= saturating_sub(file->size, reach);

    if (view_is_pinned(view))
        return false;
    if (view->has_to) /* the cut stays, but the last record may go on */
        return view->type->has_records && ends_with_file;
    return view->partition.by_count || data->depends_on_size || ends_with_file;
}
