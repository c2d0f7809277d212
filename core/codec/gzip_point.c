/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_point.h"

#include <errno.h>

#include "core/base/checked.h"

int gzip_result_error(enum inflate_result result)
{
    if (result == INFLATE_NO_MEMORY)
        return -ENOMEM;
    return result == INFLATE_BAD ? -EBADMSG : 0;
}

/* Reads the byte before a point into bytes[0], and up to `most` bytes after it. */
static int read_around(const struct codec_file *file, struct gzip_point point, uint8_t *bytes,
                       size_t most, size_t *after)
{
    if (point.file == 0 || point.file > file->size || point.bits > 7)
        return -EBADMSG;
    *after = (size_t)min_u64(most, file->size - point.file);
    return file->read(file->argument, bytes, *after + 1, point.file - 1);
}

/* Has the run read the header of the block that the start is in. */
static int start_in_block(struct inflate_run *run, const struct codec_file *file,
                          const struct gzip_start *start, uint8_t before)
{
    uint8_t header[1 + INFLATE_HEADER_MOST];
    size_t length = 0;
    int error = read_around(file, start->block, header, INFLATE_HEADER_MOST, &length);

    if (error != 0)
        return error;
    run->in = header + 1;
    run->left = length;
    error = gzip_result_error(inflate_run_start_inside(run, start->block.bits, header[0]));
    run->left = 0;
    if (error == 0)
        inflate_run_prime(run, start->at.bits, before);
    return error;
}

int gzip_start_run(struct inflate_run *run, const struct codec_file *file,
                   const struct gzip_start *start, const uint8_t *window, size_t length)
{
    uint8_t before = 0;
    size_t none = 0;
    int error = read_around(file, start->at, &before, 0, &none);

    if (error == 0 && start->is_inside)
        error = start_in_block(run, file, start, before);
    else if (error == 0)
        error = gzip_result_error(inflate_run_start(run, start->at.bits, before));
    if (error == 0)
        error = gzip_result_error(inflate_run_set_window(run, window, length));
    return error;
}

#endif
