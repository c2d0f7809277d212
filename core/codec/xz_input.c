/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz_input.h"

#include "core/base/checked.h"

enum { XZ_SECTOR = 4096 };

static int xz_fetch(struct xz_input *input, const struct codec_file *file, uint64_t from,
                    uint64_t to)
{
    input->length = 0;
    input->fetched += to - from;
    int error = file->read(file->argument, input->bytes, (size_t)(to - from), from);
    if (error == 0) {
        input->offset = from;
        input->length = (size_t)(to - from);
    }
    return error;
}

int xz_input_after(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                   size_t need, const uint8_t **bytes, size_t *there)
{
    if (offset > file->size || need > file->size - offset)
        return XZ_WRONG;
    if (offset < input->offset || offset - input->offset > input->length ||
        input->length - (offset - input->offset) < need) {
        const uint64_t end = offset + min_u64(XZ_INPUT_SIZE, file->size - offset);
        /* A bad sector further on must not hurt reads that do not need it. */
        const uint64_t near = (offset + need + XZ_SECTOR - 1) / XZ_SECTOR * XZ_SECTOR;
        int error = xz_fetch(input, file, offset, end);
        if (error != 0 && near < end)
            error = xz_fetch(input, file, offset, near);
        if (error != 0)
            return error;
    }
    *bytes = input->bytes + (offset - input->offset);
    *there = input->length - (size_t)(offset - input->offset);
    return 0;
}

int xz_input_before(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                    size_t need, const uint8_t **bytes, size_t *there)
{
    if (offset > file->size || need > offset)
        return XZ_WRONG;
    if (offset < input->offset || offset - input->offset > input->length ||
        offset - input->offset < need) {
        const uint64_t start = saturating_sub(offset, XZ_INPUT_SIZE);
        const uint64_t near = (offset - need) / XZ_SECTOR * XZ_SECTOR;
        int error = xz_fetch(input, file, start, offset);
        if (error != 0 && near > start)
            error = xz_fetch(input, file, near, offset);
        if (error != 0)
            return error;
    }
    *there = (size_t)(offset - input->offset);
    *bytes = input->bytes + *there;
    return 0;
}
#endif
