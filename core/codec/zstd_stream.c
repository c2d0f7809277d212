/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/codec/zstd_decoder.h"
#include "core/codec/zstd_frame.h"
#include "core/codec/zstd_seek_table.h"
#include "core/codec/zstd_window.h"

/* What codec.h calls a struct codec_stream. */
struct zstd_stream {
    struct zstd_decoder decoder; /* between frames, `at` is the start of the next one */
    uint64_t window;             /* the largest that it may have */
    bool in_frame;
    uint64_t holds;   /* how many plain bytes the frame must have, or ZSTD_UNTOLD */
    uint64_t decoded; /* of them */
    bool has_next;    /* one byte more was decoded than was asked for: */
    uint8_t next;
    bool has_table; /* and `table.next` is the entry of the next frame */
    struct zstd_seek_table table;
};

int zstd_stream_memory(const struct codec_file *file, const struct codec_place *from,
                       uint64_t *bytes)
{
    uint64_t window;
    int error = zstd_window_ahead(file, from, &window);
    if (error != 0)
        return error;
    *bytes = zstd_decoder_memory(window) + sizeof(struct zstd_stream) + ZSTD_TABLE_ROOM;
    return 0;
}

/*
 * Finds the seek table, checks it as the walk did, and goes to the entry of the first frame. If the
 * disk cannot read the end of the file, its start can be read all the same.
 */
static int zstd_stream_table(const struct codec_file *file, const struct codec_place *from,
                             struct zstd_stream *stream)
{
    struct zstd_input headers = {.room = ZSTD_HEADERS_ROOM};
    enum zstd_table_use use;
    int error = zstd_seek_table_find(file, from->file, &stream->table, &use);

    while (error == 0 && use == ZSTD_TABLE_UNSURE)
        error = zstd_seek_table_check(file, &headers, from->plain, &stream->table, &use);
    zstd_input_free(&headers);
    stream->has_table = use == ZSTD_TABLE_USED;
    if (!stream->has_table)
        zstd_seek_table_free(&stream->table);
    return error == -EIO ? 0 : error;
}

int zstd_stream_open(const struct codec_file *file, const struct codec_place *from,
                     struct codec_stream **opened)
{
    struct zstd_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return -ENOMEM;
    int error = zstd_window_ahead(file, from, &stream->window);
    if (error == 0)
        error = zstd_decoder_make(stream->window, &stream->decoder);
    if (error == 0)
        error = zstd_stream_table(file, from, stream);
    if (error != 0) {
        zstd_stream_close((struct codec_stream *)stream);
        return error;
    }
    stream->decoder.at = from->file;
    *opened = (struct codec_stream *)stream;
    return 0;
}

void zstd_stream_close(struct codec_stream *closed)
{
    struct zstd_stream *stream = (struct zstd_stream *)closed;
    if (stream == NULL)
        return;
    zstd_decoder_free(&stream->decoder);
    zstd_seek_table_free(&stream->table);
    free(stream);
}

/* Asks the seek table, if there is one, about the frame. */
static int zstd_stream_compare(const struct codec_file *file, const struct zstd_frame *frame,
                               struct zstd_stream *stream)
{
    struct zstd_entry entry;
    if (!stream->has_table || frame->start == stream->table.start)
        return 0;
    if (stream->table.next.number == stream->table.count || stream->table.next.file != frame->start)
        return -EBADMSG;
    int error = zstd_seek_table_next(file, &stream->table, &entry);
    if (error != 0)
        return error;
    const uint64_t content = frame->skippable ? 0 : frame->content;
    if (content != ZSTD_UNTOLD && content != entry.holds)
        return -EBADMSG;
    stream->holds = entry.holds;
    return 0;
}

/*
 * Begins the next frame, or skips one. The frames up to the next place were looked at before, and
 * need no more memory than was said. A frame that needs more comes later. That is no damage, but a
 * stream must be opened at the place before it, which says so.
 */
static int zstd_stream_begin(const struct codec_file *file, struct zstd_stream *stream)
{
    struct zstd_frame frame;
    if (stream->decoder.at >= file->size)
        return -EBADMSG;
    int error = zstd_frame_begin(file, &stream->decoder.input, stream->decoder.at, &frame);
    if (error != 0)
        return error;
    if (frame.state != (frame.skippable ? ZSTD_FRAME_WHOLE : ZSTD_FRAME_GOES_ON) ||
        !zstd_frame_is_readable(&frame))
        return -EBADMSG;
    if (frame.window > stream->window)
        return -ENOMEM;
    stream->holds = frame.content;
    error = zstd_stream_compare(file, &frame, stream);
    if (error != 0)
        return error;
    stream->decoded = 0;
    stream->in_frame = !frame.skippable;
    zstd_decoder_begin(&stream->decoder, frame.skippable ? frame.at : frame.start);
    return 0;
}

/* Decodes some bytes. If the frame has ended, checks that it was as long as it should be. */
static int zstd_stream_some(const struct codec_file *file, struct zstd_stream *stream,
                            uint8_t *plain, size_t length, size_t *got)
{
    int error = zstd_decoder_on(file, &stream->decoder, plain, length, got);
    if (error != 0)
        return error;
    stream->decoded += *got;
    if (!stream->decoder.ended)
        return 0;
    stream->in_frame = false;
    return stream->holds == ZSTD_UNTOLD || stream->holds == stream->decoded ? 0 : -EBADMSG;
}

/*
 * Goes on until the frame has ended, with its checksum, or another byte has come. So a frame is
 * checked in the call that takes its last byte, even if it does not tell how long it is.
 */
static int zstd_stream_settle(const struct codec_file *file, struct zstd_stream *stream)
{
    size_t got = 0;
    int error = 0;
    while (error == 0 && stream->in_frame && got == 0)
        error = zstd_stream_some(file, stream, &stream->next, 1, &got);
    if (error != 0)
        return error;
    stream->has_next = got != 0;
    return stream->has_next && stream->holds != ZSTD_UNTOLD ? -EBADMSG : 0;
}

/* Reads some bytes of the frame. If these were the last, the frame is finished. */
static int zstd_stream_take(const struct codec_file *file, struct zstd_stream *stream,
                            uint8_t *plain, size_t length, size_t *got)
{
    *got = 0;
    if (stream->has_next) {
        stream->has_next = false;
        *plain = stream->next;
        *got = 1;
        return 0;
    }
    if (!stream->in_frame)
        return zstd_stream_begin(file, stream);
    const uint64_t left = stream->holds - stream->decoded;
    if (left == 0)
        return zstd_stream_settle(file, stream);
    return zstd_stream_some(file, stream, plain, (size_t)min_u64(length, left), got);
}

int zstd_stream_read(const struct codec_file *file, struct codec_stream *opened, uint8_t *plain,
                     size_t length)
{
    struct zstd_stream *stream = (struct zstd_stream *)opened;
    int error = 0;
    while (error == 0 && length > 0) {
        size_t got;
        error = zstd_stream_take(file, stream, plain, length, &got);
        plain += got;
        length -= got;
    }
    if (error == 0 && stream->in_frame && !stream->has_next &&
        (stream->holds == ZSTD_UNTOLD || stream->holds == stream->decoded))
        error = zstd_stream_settle(file, stream);
    return error;
}
#endif
