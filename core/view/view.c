#include "core/view/view.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/base/quantity.h"
#include "core/content/holes.h"
#include "core/index/index_making.h"
#include "core/index/rows.h"
#include "core/record/boundary.h"

/* How often the ends of a piece are looked for while its file changes. */
enum { SEARCH_ATTEMPTS = 4 };

static const char *const kind_names[VIEW_KINDS] = {"bytes", "lines", "rows", "extents", "whole"};

const char *view_kind_name(enum view_kind kind)
{
    return kind_names[kind];
}

static bool text_is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

enum view_kind view_kind_named(const char *name, size_t length)
{
    enum view_kind kind = 0;
    while (kind < VIEW_KINDS && !text_is(name, length, kind_names[kind]))
        kind++;
    return kind;
}

/* Reads "nN" or SIZE. */
static bool parse_partition(const char *text, size_t length, struct partition *partition)
{
    partition->by_count = length > 0 && text[0] == 'n';
    int error = partition->by_count ? quantity_parse_number(text + 1, length - 1, &partition->value)
                                    : quantity_parse_size(text, length, &partition->value);
    return error == 0 && partition->value > 0;
}

/* Reads what says how large pieces are. */
static bool parse_piece_size(const char *text, size_t length, struct view *view)
{
    if (view->kind == VIEW_ROWS)
        return quantity_parse_count(text, length, &view->rows) == 0 && view->rows > 0;
    return parse_partition(text, length, &view->partition);
}

static bool has_header(const struct view *view)
{
    return view->kind == VIEW_LINES || view->kind == VIEW_ROWS;
}

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

/* Reads one ARG; each may be given once, which `sized` and `header` keep account of. */
static bool parse_argument(const char *text, size_t length, struct view *view, bool *sized,
                           bool *header)
{
    if (has_header(view) && !*header && parse_header(text, length, &view->header)) {
        *header = true;
        return true;
    }
    if (*sized || !parse_piece_size(text, length, view))
        return false;
    *sized = true;
    return true;
}

static int parse_arguments(const char *text, const char *end, struct view *view)
{
    bool sized = false;
    bool header = false;

    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma != NULL ? comma : end;
        if (!parse_argument(text, (size_t)(stop - text), view, &sized, &header))
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
    size_t kind_length = at != NULL ? (size_t)(at - name) : length;

    memset(view, 0, sizeof(*view));
    view->kind = view_kind_named(name, kind_length);
    if (view->kind == VIEW_EXTENTS)
        return at != NULL ? -ENOENT : 0;
    if (!view_is_numbered(view))
        return -ENOENT;
    view->partition.value = defaults->chunk_size;
    view->rows = defaults->rows;
    if (at != NULL)
        return parse_arguments(at + 1, name + length, view);
    view->header = has_header(view) ? defaults->header : 0;
    return 0;
}

bool view_scans(const struct view *view)
{
    return view->kind == VIEW_LINES || view->kind == VIEW_ROWS;
}

bool view_needs_index(const struct view *view)
{
    return view->kind == VIEW_ROWS;
}

int view_file_complete(struct view_file *file, const struct view *view, struct index_store *store)
{
    if (!view_needs_index(view))
        return 0;
    int error = index_get(store, file->source, file->generation, file->cancel, &file->index);
    if (error != 0)
        return error;
    file->size = file->index->size;
    file->store = store;
    return 0;
}

bool view_is_numbered(const struct view *view)
{
    return view->kind == VIEW_BYTES || view->kind == VIEW_LINES || view->kind == VIEW_ROWS;
}

uint64_t view_count(const struct view *view, const struct view_file *file)
{
    if (view->kind == VIEW_ROWS) {
        uint64_t lines = line_index_lines(file->index);
        return lines / view->rows + (lines % view->rows != 0 ? 1 : 0);
    }
    return view_is_numbered(view) ? partition_count(&view->partition, file->size) : 0;
}

static int seek(const struct view_file *file, enum extent_kind kind, uint64_t place,
                uint64_t *found)
{
    return holes_seek(file->source, file->generation, kind, place, file->size, file->cancel, found);
}

static int next_extent(const struct view_file *file, uint64_t *cursor, struct selector *selector)
{
    uint64_t start = *cursor;
    int error = 0;

    /* What the cursor stands behind may go on now: the file has grown. */
    if (start > 0)
        error = seek(file, EXTENT_HOLE, start - 1, &start);
    start = max_u64(start, *cursor);
    if (error == 0)
        error = seek(file, EXTENT_DATA, start, &start);
    if (error == 0 && start < file->size)
        error = seek(file, EXTENT_HOLE, start, cursor);
    if (error != 0)
        return error;
    if (start >= file->size)
        return -NO_MORE_PIECES;
    *selector = (struct selector){SELECT_RANGE, start, *cursor - start};
    return 0;
}

int view_next(const struct view *view, const struct view_file *file, uint64_t *cursor,
              struct selector *selector)
{
    if (!view_is_numbered(view))
        return next_extent(file, cursor, selector);
    if (*cursor >= view_count(view, file))
        return -NO_MORE_PIECES;
    *selector = (struct selector){.kind = SELECT_NUMBER, .offset = (*cursor)++};
    return 0;
}

/* The records that start in the nominal range. *one_moment: both ends are of one. */
static int find_records(const struct view_file *file, const struct range *nominal,
                        struct range *bytes, bool *one_moment)
{
    uint64_t start = nominal->offset;
    uint64_t end = nominal->offset + nominal->length;
    unsigned era = generation_era(file->generation);
    int error =
        boundary_find(file->source, file->generation, start, file->size, file->cancel, &start);

    if (error == 0)
        error = boundary_find(file->source, file->generation, end, file->size, file->cancel, &end);
    *one_moment = end >= start && generation_era(file->generation) == era;
    if (*one_moment)
        *bytes = (struct range){start, end - start};
    return error;
}

/*
 * The data of piece `index` of `lines`: whole records. A file may grow and have holes filled
 * between the searches for both ends, which then do not fit together; -ESTALE where it does all the
 * time.
 */
static int find_lines(const struct view *view, uint64_t index, const struct view_file *file,
                      struct range *bytes)
{
    uint64_t start = partition_start(&view->partition, file->size, index);
    uint64_t end = partition_start(&view->partition, file->size, index + 1);
    const struct range nominal = {start, end - start};
    bool one_moment = false;
    int error = 0;

    *bytes = (struct range){start, 0};
    for (int i = 0; i < SEARCH_ATTEMPTS && error == 0 && !one_moment; i++)
        error = find_records(file, &nominal, bytes, &one_moment);
    return error == 0 && !one_moment ? -ESTALE : error;
}

/* The data of `count` rows from `first` on, as far as there are so many. */
static int find_rows(uint64_t first, uint64_t count, const struct view_file *file,
                     struct piece_data *data)
{
    uint64_t lines = line_index_lines(file->index);
    uint64_t start = 0;
    uint64_t end = 0;

    data->first_row = min_u64(first, lines);
    data->rows = min_u64(count, lines - data->first_row);
    int error = rows_find_both(file->source, file->generation, file->index, data->first_row,
                               data->first_row + data->rows, &start, &end);
    if (error == -WRONG_INDEX)
        index_reject(file->store, file->source, file->generation, file->index);
    data->bytes = (struct range){start, end - start};
    return error;
}

static int find_data(const struct view *view, uint64_t index, const struct view_file *file,
                     struct piece_data *data)
{
    if (view->kind == VIEW_LINES)
        return find_lines(view, index, file, &data->bytes);
    if (view->kind == VIEW_ROWS)
        return find_rows(index * view->rows, view->rows, file, data);
    uint64_t start = partition_start(&view->partition, file->size, index);
    uint64_t end = partition_start(&view->partition, file->size, index + 1);
    data->bytes = (struct range){start, end - start};
    return 0;
}

/* Takes from the data what is in the header of so many rows, which ends at `end`. */
static void leave_out_header(uint64_t header, uint64_t end, struct piece_data *data)
{
    uint64_t data_end = max_u64(data->bytes.offset + data->bytes.length, end);
    uint64_t rows_end = max_u64(data->first_row + data->rows, header);

    data->bytes.offset = max_u64(data->bytes.offset, end);
    data->bytes.length = data_end - data->bytes.offset;
    data->first_row = max_u64(data->first_row, header);
    data->rows = rows_end - data->first_row;
}

static int resolve_number(const struct view *view, uint64_t index, const struct view_file *file,
                          struct piece *piece, struct piece_data *data)
{
    uint64_t header_end = 0;

    if (index >= view_count(view, file))
        return -ENOENT;
    int error = find_data(view, index, file, data);
    if (error == 0)
        error = boundary_after_records(file->source, file->generation, view->header, file->size,
                                       file->cancel, &header_end);
    if (error != 0)
        return error;
    uint64_t header = view->header;
    if (file->index != NULL)
        header = min_u64(header, line_index_lines(file->index));
    leave_out_header(header, header_end, data); /* it is not repeated where it stands */
    piece_add(piece, 0, header_end);
    return 0;
}

/* A range in `extents` must be an extent: it starts where data start, and ends where they do. */
static int resolve_extent(const struct selector *selector, const struct view_file *file,
                          struct range *bytes)
{
    uint64_t cursor = selector->offset;
    struct selector found;

    if (selector->offset >= file->size)
        return -ENOENT;
    int error = next_extent(file, &cursor, &found);
    if (error != 0)
        return error == -NO_MORE_PIECES ? -ENOENT : error;
    if (found.offset != selector->offset || found.length != selector->length)
        return -ENOENT;
    *bytes = (struct range){found.offset, found.length};
    return 0;
}

static int resolve_range(const struct view *view, const struct selector *selector,
                         const struct view_file *file, struct piece_data *data)
{
    if (view->kind == VIEW_EXTENTS)
        return resolve_extent(selector, file, &data->bytes);
    uint64_t most = view->kind == VIEW_ROWS ? line_index_lines(file->index) : file->size;
    if (selector->offset > most)
        return -ENOENT;
    if (view->kind == VIEW_ROWS)
        return find_rows(selector->offset, selector->length, file, data);
    data->bytes =
        (struct range){selector->offset, min_u64(selector->length, most - selector->offset)};
    return 0;
}

static int resolve_tail(const struct view *view, const struct selector *selector,
                        const struct view_file *file, struct piece_data *data)
{
    uint64_t most = view->kind == VIEW_ROWS ? line_index_lines(file->index) : file->size;
    uint64_t length = min_u64(selector->length, most);
    const struct selector range = {SELECT_RANGE, most - length, length};
    return resolve_range(view, &range, file, data);
}

int view_resolve(const struct view *view, const struct selector *selector,
                 const struct view_file *file, struct piece *piece, struct piece_data *data)
{
    int error = 0;

    memset(piece, 0, sizeof(*piece));
    memset(data, 0, sizeof(*data));
    switch (selector->kind) {
    case SELECT_NUMBER:
        error = resolve_number(view, selector->offset, file, piece, data);
        break;
    case SELECT_RANGE:
        error = resolve_range(view, selector, file, data);
        break;
    case SELECT_TAIL:
        error = resolve_tail(view, selector, file, data);
        break;
    case SELECT_WHOLE:
        data->bytes = (struct range){0, file->size};
        break;
    }
    if (error == 0)
        piece_add(piece, data->bytes.offset, data->bytes.length);
    return error;
}
