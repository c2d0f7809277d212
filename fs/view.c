#include "fs/view.h"

#include <errno.h>
#include <string.h>

#include "core/boundary.h"
#include "core/checked.h"
#include "core/holes.h"
#include "core/quantity.h"

static const char *const kind_names[VIEW_KINDS] = {"bytes", "lines", "extents", "whole"};

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

/* Reads one ARG; each may be given once, which `partition` and `header` keep account of. */
static bool parse_argument(const char *text, size_t length, struct view *view, bool *partition,
                           bool *header)
{
    if (view->kind == VIEW_LINES && !*header && parse_header(text, length, &view->header)) {
        *header = true;
        return true;
    }
    if (*partition || !parse_partition(text, length, &view->partition))
        return false;
    *partition = true;
    return true;
}

static int parse_arguments(const char *text, const char *end, struct view *view)
{
    bool partition = false;
    bool header = false;

    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma != NULL ? comma : end;
        if (!parse_argument(text, (size_t)(stop - text), view, &partition, &header))
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
    if (at != NULL)
        return parse_arguments(at + 1, name + length, view);
    view->header = view->kind == VIEW_LINES ? defaults->header : 0;
    return 0;
}

bool view_scans(const struct view *view)
{
    return view->kind == VIEW_LINES;
}

bool view_is_numbered(const struct view *view)
{
    return view->kind == VIEW_BYTES || view->kind == VIEW_LINES;
}

uint64_t view_count(const struct view *view, uint64_t size)
{
    return view_is_numbered(view) ? partition_count(&view->partition, size) : 0;
}

static int next_extent(struct source *source, struct generation *generation, uint64_t size,
                       const struct cancel *cancel, uint64_t *cursor, struct selector *selector)
{
    uint64_t start = *cursor;
    int error = 0;

    /* What the cursor stands behind may go on now: the file has grown. */
    if (start > 0)
        error = holes_seek(source, generation, EXTENT_HOLE, start - 1, size, cancel, &start);
    start = max_u64(start, *cursor);
    if (error == 0)
        error = holes_seek(source, generation, EXTENT_DATA, start, size, cancel, &start);
    if (error == 0 && start < size)
        error = holes_seek(source, generation, EXTENT_HOLE, start, size, cancel, cursor);
    if (error != 0)
        return error;
    if (start >= size)
        return -ENOENT;
    *selector = (struct selector){SELECT_RANGE, start, *cursor - start};
    return 0;
}

int view_next(const struct view *view, struct source *source, struct generation *generation,
              uint64_t size, const struct cancel *cancel, uint64_t *cursor,
              struct selector *selector)
{
    if (!view_is_numbered(view))
        return next_extent(source, generation, size, cancel, cursor, selector);
    if (*cursor >= view_count(view, size))
        return -ENOENT;
    *selector = (struct selector){.kind = SELECT_NUMBER, .offset = (*cursor)++};
    return 0;
}

/* The data of piece `index`: whole records in `lines`, the nominal range in `bytes`. */
static int find_data(const struct view *view, uint64_t index, struct source *source,
                     struct generation *generation, uint64_t size, const struct cancel *cancel,
                     struct range *data)
{
    uint64_t start = partition_start(&view->partition, size, index);
    uint64_t end = partition_start(&view->partition, size, index + 1);
    int error = 0;

    if (view_scans(view)) {
        error = boundary_find(source, generation, start, size, cancel, &start);
        if (error == 0)
            error = boundary_find(source, generation, end, size, cancel, &end);
    }
    *data = (struct range){start, end - start};
    return error;
}

static int resolve_number(const struct view *view, uint64_t index, struct source *source,
                          struct generation *generation, uint64_t size, const struct cancel *cancel,
                          struct piece *piece, struct range *data)
{
    uint64_t header_end = 0;

    if (index >= view_count(view, size))
        return -ENOENT;
    int error = find_data(view, index, source, generation, size, cancel, data);
    if (error == 0)
        error = boundary_after_records(source, generation, view->header, size, cancel, &header_end);
    if (error != 0)
        return error;
    /* Records of the header are not repeated where they stand. */
    uint64_t data_end = max_u64(data->offset + data->length, header_end);
    data->offset = max_u64(data->offset, header_end);
    data->length = data_end - data->offset;
    piece_add(piece, 0, header_end);
    piece_add(piece, data->offset, data->length);
    return 0;
}

static int resolve_range(const struct selector *selector, uint64_t size, struct range *data)
{
    if (selector->offset > size)
        return -ENOENT;
    data->offset = selector->offset;
    data->length = min_u64(selector->length, size - selector->offset);
    return 0;
}

/* A range in `extents` must be an extent: it starts where data start, and ends where they do. */
static int resolve_extent(const struct selector *selector, struct source *source,
                          struct generation *generation, uint64_t size, const struct cancel *cancel,
                          struct range *data)
{
    uint64_t cursor = selector->offset;
    struct selector found;

    if (selector->offset >= size)
        return -ENOENT;
    int error = next_extent(source, generation, size, cancel, &cursor, &found);
    if (error != 0)
        return error;
    if (found.offset != selector->offset || found.length != selector->length)
        return -ENOENT;
    *data = (struct range){found.offset, found.length};
    return 0;
}

int view_resolve(const struct view *view, const struct selector *selector, struct source *source,
                 struct generation *generation, uint64_t size, const struct cancel *cancel,
                 struct piece *piece, struct range *data)
{
    int error = 0;

    memset(piece, 0, sizeof(*piece));
    switch (selector->kind) {
    case SELECT_NUMBER:
        return resolve_number(view, selector->offset, source, generation, size, cancel, piece,
                              data);
    case SELECT_RANGE:
        error = view->kind == VIEW_EXTENTS
                    ? resolve_extent(selector, source, generation, size, cancel, data)
                    : resolve_range(selector, size, data);
        break;
    case SELECT_TAIL:
        data->length = min_u64(selector->length, size);
        data->offset = size - data->length;
        break;
    case SELECT_WHOLE:
        *data = (struct range){0, size};
        break;
    }
    if (error == 0)
        piece_add(piece, data->offset, data->length);
    return error;
}
