/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/codec/gzip_reader.h"

struct gzip_stream {
    struct gzip_reader reader;
};

static struct gzip_stream *gzip_stream_of(struct codec_stream *codec_stream)
{
    return (struct gzip_stream *)(void *)codec_stream;
}

/* What the library takes, the buffer of the input, and the window while it is unpacked. */
int gzip_stream_memory(const struct codec_file *file, const struct codec_place *from,
                       uint64_t *bytes)
{
    (void)file;
    (void)from;
    *bytes = sizeof(struct gzip_stream) + INFLATE_MEMORY + INFLATE_WINDOW;
    return 0;
}

int gzip_stream_open(const struct codec_file *file, const struct codec_place *from,
                     struct codec_stream **opened)
{
    struct gzip_stream *stream = calloc(1, sizeof(*stream));
    struct gzip_start start;

    if (stream == NULL)
        return -ENOMEM;
    int error = gzip_reader_open(&stream->reader);
    if (error == 0 && from->starts_unit)
        gzip_reader_go_to_member(&stream->reader, from->file);
    else if (error == 0)
        error = gzip_reader_start(&stream->reader, file, from, &start);
    if (error != 0) {
        gzip_stream_close((struct codec_stream *)stream);
        return error;
    }
    *opened = (struct codec_stream *)stream;
    return 0;
}

/* Whether a stream can go on after this. */
static bool is_good(enum gzip_event event)
{
    return event == GZIP_READS_ON || event == GZIP_BEGUN || event == GZIP_MEMBER_RIGHT;
}

static int take_stream_step(struct gzip_reader *reader, const struct codec_file *file,
                            enum gzip_event *event)
{
    const int error = gzip_reader_step(reader, file, false, event);
    return error == 0 && !is_good(*event) ? -EBADMSG : error;
}

/*
 * If no plain byte of the member is left, goes on to its end. If input is not taken for lack of
 * room, one is left.
 */
static int end_with_member(struct gzip_reader *reader, const struct codec_file *file)
{
    enum gzip_event event = GZIP_READS_ON;

    while (reader->phase == GZIP_IN_TRAILER || reader->phase == GZIP_IN_BODY) {
        int error = take_stream_step(reader, file, &event);
        if (error != 0)
            return error;
        if (reader->phase == GZIP_IN_BODY && reader->run.left > 0)
            return 0;
    }
    return 0;
}

int gzip_stream_read(const struct codec_file *file, struct codec_stream *codec_stream,
                     uint8_t *plain, size_t length)
{
    struct gzip_reader *reader = &gzip_stream_of(codec_stream)->reader;
    enum gzip_event event = GZIP_READS_ON;

    if (length == 0)
        return 0;
    reader->run.out = plain;
    reader->run.room = length;
    while (reader->run.room > 0) {
        int error = take_stream_step(reader, file, &event);
        if (error != 0)
            return error;
    }
    return end_with_member(reader, file);
}

void gzip_stream_close(struct codec_stream *codec_stream)
{
    struct gzip_stream *stream = gzip_stream_of(codec_stream);

    if (stream == NULL)
        return;
    gzip_reader_close(&stream->reader);
    free(stream);
}

#endif
