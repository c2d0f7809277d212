#include "core/piece.h"

#include <assert.h>

#include "core/checked.h"

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

int piece_read(const struct piece *piece, struct source *source, struct generation *generation,
               void *buffer)
{
    char *next = buffer;

    for (unsigned i = 0; i < piece->count; i++) {
        const struct range *range = &piece->ranges[i];
        int error = source_read(source, generation, next, (size_t)range->length, range->offset);
        if (error != 0)
            return error;
        next += range->length;
    }
    return 0;
}
