/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd_window.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/codec/zstd_frame.h"

#define ZSTD_WINDOW_LEAST (UINT64_C(1) << 23)

/*
 * Goes to the end of a frame, unless it is certainly the last one before the next place. `plain`:
 * the bytes from the place to the frame, and then to its end: as many as it can hold if it does not
 * tell.
 */
static int zstd_pass_frame(const struct codec_file *file, struct zstd_input *input,
                           struct zstd_frame *frame, uint64_t *plain)
{
    const bool told = frame->content != ZSTD_UNTOLD;
    int error = 0;
    if (frame->skippable)
        return 0;
    if (told && !checked_add(*plain, frame->content, plain))
        *plain = CODEC_STEP;
    while (error == 0 && frame->state == ZSTD_FRAME_GOES_ON &&
           *plain + (told ? 0 : frame->most) < CODEC_STEP)
        error = zstd_frame_on(file, input, frame);
    if (!told)
        *plain += frame->most;
    return error;
}

/*
 * What was found of the first frame counts even if a later one is broken. The reads will find that.
 */
static int zstd_largest_window(const struct codec_file *file, struct zstd_input *input,
                               const struct codec_place *from, uint64_t *window)
{
    uint64_t plain = 0;
    for (uint64_t at = from->file; at < file->size;) {
        struct zstd_frame frame;
        int error = zstd_frame_begin(file, input, at, &frame);
        if (error != 0)
            return at == from->file ? error : 0;
        if (at == from->file && frame.state == ZSTD_FRAME_LOST)
            return -EBADMSG;
        *window = max_u64(*window, frame.window);
        error = zstd_pass_frame(file, input, &frame, &plain);
        if (error != 0 || frame.state != ZSTD_FRAME_WHOLE || plain >= CODEC_STEP ||
            frame.at - from->file >= CODEC_FILE_STEP)
            return 0;
        at = frame.at;
    }
    return 0;
}

int zstd_window_ahead(const struct codec_file *file, const struct codec_place *from,
                      uint64_t *window)
{
    struct zstd_input input = {.room = ZSTD_HEADERS_ROOM};
    *window = ZSTD_WINDOW_LEAST;
    int error = zstd_largest_window(file, &input, from, window);
    *window = min_u64(*window, ZSTD_WINDOW_MOST);
    zstd_input_free(&input);
    return error;
}
#endif
