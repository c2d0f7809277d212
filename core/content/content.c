/* SPDX-License-Identifier: MIT */
#include "core/content/content.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"

/* A read to be done with a descriptor. */
struct copy_order {
    void *buffer;
    size_t length;
    uint64_t offset;
    enum content_way way;
};

static int copy_with(void *argument, const struct reading *reading, int fd)
{
    const struct copy_order *order = argument;
    return reading->source->content->copy(reading, fd, order->buffer, order->length, order->offset,
                                          order->way);
}

static int read_waiting(const struct reading *reading, struct copy_order *order)
{
    int error = reading_work(reading, copy_with, order);
    /* The file is too short though it was not truncated; or a block has a bad checksum. */
    return error == -FILE_TOO_SHORT || error == -EBADMSG ? -EIO : error;
}

int content_read(const struct reading *reading, void *buffer, size_t length, uint64_t offset)
{
    struct copy_order order = {buffer, length, offset, CONTENT_READS};
    return read_waiting(reading, &order);
}

int content_probe(const struct reading *reading, void *buffer, size_t length, uint64_t offset)
{
    struct copy_order order = {buffer, length, offset, CONTENT_PROBES};
    return read_waiting(reading, &order);
}

int content_read_at_once(const struct reading *reading, void *buffer, size_t length,
                         uint64_t offset)
{
    const struct file_identity before = generation_identity(reading->generation);
    struct copy_order order = {buffer, length, offset, CONTENT_AT_ONCE};
    int fd = -1;

    if (length == 0 || content_may_have_holes(reading) || !reading_borrow_open(reading, &fd))
        return -NOT_AT_ONCE;
    bool done = copy_with(&order, reading, fd) == 0 && reading_is_unchanged(reading, fd, &before);
    reading_return(reading);
    return done ? 0 : -NOT_AT_ONCE;
}

bool content_may_have_holes(const struct reading *reading)
{
    const struct content_type *type = reading->source->content;
    return type->may_have_holes != NULL && type->may_have_holes(reading);
}

struct extent content_extent_at(const struct reading *reading, int fd, uint64_t offset)
{
    const struct content_type *type = reading->source->content;

    if (type->extent_at == NULL)
        return (struct extent){offset, OFFSET_MAX, EXTENT_DATA};
    return type->extent_at(reading, fd, offset);
}
