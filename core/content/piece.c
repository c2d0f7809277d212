/* SPDX-License-Identifier: MIT */
#include "core/content/piece.h"

#include <assert.h>
#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/holes.h"

void piece_add(struct piece *piece, uint64_t offset, uint64_t length)
{
    struct range *last = piece->count > 0 ? &piece->ranges[piece->count - 1] : NULL;

    if (length == 0)
        return;
    if (last != NULL && last->offset + last->length == offset) {
        last->length += length;
        return;
    }
    assert(piece->count < PIECE_MOST_RANGES);
    piece->ranges[piece->count++] = (struct range){offset, length};
}

uint64_t piece_length(const struct piece *piece)
{
    uint64_t length = 0;
    for (unsigned i = 0; i < piece->count; i++)
        length += piece->ranges[i].length;
    return length;
}

bool piece_equal(const struct piece *a, const struct piece *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (a->ranges[i].offset != b->ranges[i].offset ||
            a->ranges[i].length != b->ranges[i].length)
            return false;
    return true;
}

struct piece piece_slice(const struct piece *piece, uint64_t offset, uint64_t length)
{
    struct piece slice = {0};

    for (unsigned i = 0; i < piece->count && length > 0; i++) {
        const struct range *range = &piece->ranges[i];
        if (offset >= range->length) {
            offset -= range->length;
            continue;
        }
        uint64_t part = min_u64(length, range->length - offset);
        piece_add(&slice, range->offset + offset, part);
        length -= part;
        offset = 0;
    }
    return slice;
}

typedef int range_reader(const struct reading *reading, void *buffer, size_t length,
                         uint64_t offset);

static int read_ranges(const struct piece *piece, const struct reading *reading,
                       range_reader *read_range, void *buffer)
{
    char *next = buffer;

    for (unsigned i = 0; i < piece->count; i++) {
        const struct range *range = &piece->ranges[i];
        int error = read_range(reading, next, (size_t)range->length, range->offset);
        if (error != 0)
            return error;
        next += range->length;
    }
    return 0;
}

int piece_read(const struct piece *piece, const struct reading *reading, void *buffer)
{
    return read_ranges(piece, reading, content_read, buffer);
}

int piece_read_at_once(const struct piece *piece, const struct reading *reading, void *buffer)
{
    return read_ranges(piece, reading, content_read_at_once, buffer);
}

int piece_seek(const struct piece *piece, const struct reading *reading, enum extent_kind kind,
               uint64_t offset, uint64_t *found)
{
    const struct piece rest = piece_slice(piece, offset, OFFSET_MAX);

    *found = offset;
    for (unsigned i = 0; i < rest.count; i++) {
        const struct range *range = &rest.ranges[i];
        uint64_t end = range->offset + range->length;
        uint64_t place = end;
        int error = holes_seek(reading, kind, range->offset, end, &place);
        *found += place - range->offset;
        if (error != 0 || place < end)
            return error;
    }
    return kind == EXTENT_HOLE && rest.count > 0 ? 0 : -NO_MORE_DATA;
}

int piece_count_data(const struct piece *piece, const struct reading *reading, uint64_t *bytes)
{
    *bytes = 0;
    for (unsigned i = 0; i < piece->count; i++) {
        const struct range *range = &piece->ranges[i];
        uint64_t data = 0;
        int error = holes_count_data(reading, range->offset, range->offset + range->length, &data);
        if (error != 0)
            return error;
        *bytes += data;
    }
    return 0;
}
