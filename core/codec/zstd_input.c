/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd_input.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"

size_t zstd_input_there(const struct zstd_input *input, uint64_t offset)
{
    if (offset < input->offset || offset - input->offset > input->length)
        return 0;
    return input->length - (size_t)(offset - input->offset);
}

/*
 * The disk may be unable to read what is read ahead, and perhaps that is not needed. So `least`
 * bytes are then tried alone.
 */
static int zstd_input_fill(struct zstd_input *input, const struct codec_file *file, uint64_t offset,
                           size_t least)
{
    size_t most = input->room - (size_t)(offset % input->room);
    if (most < least)
        most = input->room;
    most = (size_t)min_u64(most, file->size - offset);

    input->length = 0;
    int error = file->read(file->argument, input->bytes, most, offset);
    if (error != 0 && least < most) {
        most = least;
        error = file->read(file->argument, input->bytes, most, offset);
    }
    if (error != 0)
        return error;
    input->offset = offset;
    input->length = most;
    return 0;
}

int zstd_input_get(struct zstd_input *input, const struct codec_file *file, uint64_t offset,
                   size_t least, struct zstd_bytes *bytes)
{
    assert(least <= input->room);
    least = (size_t)min_u64(least, saturating_sub(file->size, offset));
    if (least == 0) {
        *bytes = (struct zstd_bytes){.length = 0};
        return 0;
    }
    if (input->bytes == NULL)
        input->bytes = malloc(input->room);
    if (input->bytes == NULL)
        return -ENOMEM;
    if (zstd_input_there(input, offset) < least) {
        int error = zstd_input_fill(input, file, offset, least);
        if (error != 0)
            return error;
    }
    bytes->at = input->bytes + (offset - input->offset);
    bytes->length = zstd_input_there(input, offset);
    return 0;
}

void zstd_input_free(struct zstd_input *input)
{
    free(input->bytes);
    input->bytes = NULL;
    input->length = 0;
}
#endif
