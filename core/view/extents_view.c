/* SPDX-License-Identifier: MIT */
#include "core/view/extents_view.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/base/quantity.h"
#include "core/content/content.h"
#include "core/content/holes.h"
#include "core/view/range_name.h"

/* Only for files with holes; not for a file that cannot be examined. */
static bool are_extents_listed(const struct reading *reading)
{
    AUTO_READING struct reading pinned = {.source = NULL};
    uint64_t hole = 0;

    if (!content_may_have_holes(reading))
        return false;
    reading_of(reading->source, reading->generation, reading->cancel, &pinned);
    if (reading_pin(&pinned) != 0)
        return false;
    return holes_seek(&pinned, EXTENT_HOLE, 0, pinned.size, &hole) == 0 && hole < pinned.size;
}

static int next_extent(const struct view_file *file, uint64_t *cursor, struct selector *selector)
{
    uint64_t start = *cursor;
    int error = 0;

    /* The extent before the cursor may have been continued since: the file may have grown. */
    if (start > 0)
        error = holes_seek(file->reading, EXTENT_HOLE, start - 1, file->size, &start);
    start = max_u64(start, *cursor);
    if (error == 0)
        error = holes_seek(file->reading, EXTENT_DATA, start, file->size, &start);
    if (error == 0 && start < file->size)
        error = holes_seek(file->reading, EXTENT_HOLE, start, file->size, cursor);
    if (error != 0)
        return error;
    if (start >= file->size)
        return -NO_MORE_PIECES;
    *selector = (struct selector){SELECT_RANGE, start, *cursor - start, NULL};
    return 0;
}

static bool read_extent_range(const char *name, struct selector *selector)
{
    return name[0] != '-' && range_name_read(name, quantity_parse_size, selector);
}

/* A range must be an extent: it starts and ends where data start and end. */
static int find_extent(const struct view *view, const struct selector *selector,
                       const struct view_file *file, struct piece_data *data)
{
    uint64_t cursor = selector->offset;
    struct selector found;

    (void)view;
    if (selector->offset >= file->size)
        return -ENOENT;
    int error = next_extent(file, &cursor, &found);
    if (error != 0)
        return error == -NO_MORE_PIECES ? -ENOENT : error;
    if (found.offset != selector->offset || found.length != selector->length)
        return -ENOENT;
    data->bytes = (struct range){found.offset, found.length};
    return 0;
}

const struct view_type extents_view = {
    .name = "extents",
    .is_of_files = true,
    .is_listed = are_extents_listed,
    .next = next_extent,
    .read_range = read_extent_range,
    .range_names = "OFFSET+LENGTH as extents.tsv has them",
    .find_range = find_extent,
};
