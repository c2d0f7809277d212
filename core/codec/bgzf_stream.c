/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/bgzf_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/codec/bgzf_inflate.h"

/* The first read is small, as many streams end soon; each one after it is twice as large. */
enum { AHEAD_LEAST = 64 * 1024 };

struct codec_stream {
    uint64_t at; /* of the next unit, in the file */
    struct bgzf_input input;
    z_stream inflater;
    bool in_member; /* a unit that is no block has been begun */
    struct bgzf_member member;
    size_t start; /* plain[start, end) are the next bytes */
    size_t end;
    uint8_t plain[BGZF_PLAIN_MOST];
};

int bgzf_stream_memory(const struct codec_file *file, const struct codec_place *from,
                       uint64_t *bytes)
{
    (void)file;
    (void)from;
    *bytes = sizeof(struct codec_stream) + BGZF_INPUT_MOST + BGZF_INFLATE_MEMORY;
    return 0;
}

int bgzf_stream_open(const struct codec_file *file, const struct codec_place *from,
                     struct codec_stream **stream)
{
    struct codec_stream *made = malloc(sizeof(*made));

    (void)file;
    if (made == NULL)
        return -ENOMEM;
    /* `plain` is not cleared, as that would take as long as decoding some of it. */
    made->at = from->file;
    made->in_member = false;
    made->start = made->end = 0;
    memset(&made->inflater, 0, sizeof(made->inflater));
    int error = bgzf_input_make(&made->input, AHEAD_LEAST);
    if (error == 0)
        error = bgzf_inflate_make(&made->inflater);
    if (error != 0) {
        bgzf_stream_close(made);
        return error;
    }
    *stream = made;
    return 0;
}

void bgzf_stream_close(struct codec_stream *stream)
{
    if (stream == NULL)
        return;
    (void)inflateEnd(&stream->inflater);
    bgzf_input_free(&stream->input);
    free(stream);
}

/* Decodes a block into `to` if all of its bytes are wanted, else into the stream. */
static int decode_block(struct codec_stream *stream, const struct bgzf_unit *block,
                        const uint8_t *bytes, uint8_t *to, size_t length, size_t *given)
{
    const bool direct = block->plain <= length;
    const int error =
        bgzf_inflate_block(&stream->inflater, bytes, block, direct ? to : stream->plain);

    if (error != 0)
        return error;
    stream->at += block->size;
    *given = direct ? block->plain : 0;
    stream->start = 0;
    stream->end = direct ? 0 : block->plain;
    return 0;
}

static int begin_unit(const struct codec_file *file, struct codec_stream *stream, uint8_t *to,
                      size_t length, size_t *given)
{
    const uint64_t read_to = stream->input.offset + stream->input.length;
    const uint8_t *bytes = NULL;
    struct bgzf_unit unit;

    int error = bgzf_look(file, &stream->input, stream->at, true, &unit);
    if (stream->input.offset + stream->input.length > read_to && read_to > 0)
        stream->input.ahead = (size_t)min_u64(2 * stream->input.ahead, BGZF_INPUT_MOST);
    if (error != 0)
        return error;
    if (unit.kind == BGZF_MEMBER) {
        (void)inflateReset(&stream->inflater);
        stream->member = (struct bgzf_member){.at = stream->at};
        stream->in_member = true;
        return 0;
    }
    if (unit.kind != BGZF_BLOCK)
        return -EBADMSG;
    error = bgzf_input_need(file, &stream->input, stream->at, unit.size, &bytes);
    return error != 0 ? error : decode_block(stream, &unit, bytes, to, length, given);
}

static int go_on_in_member(const struct codec_file *file, struct codec_stream *stream, uint8_t *to,
                           size_t length, size_t *given)
{
    const int error = bgzf_inflate_member(file, &stream->input, &stream->inflater, &stream->member,
                                          to, length, given);
    if (error != 0)
        return error;
    stream->at = stream->member.at;
    stream->in_member = !stream->member.ended;
    return stream->member.cut ? -EBADMSG : 0;
}

/* Decodes what comes next, into `to` or into the stream. It may be nothing, but it goes on. */
static int decode_next(const struct codec_file *file, struct codec_stream *stream, uint8_t *to,
                       size_t length, size_t *given)
{
    *given = 0;
    return stream->in_member ? go_on_in_member(file, stream, to, length, given)
                             : begin_unit(file, stream, to, length, given);
}

int bgzf_stream_read(const struct codec_file *file, struct codec_stream *stream, uint8_t *plain,
                     size_t length)
{
    while (length > 0) {
        size_t given = (size_t)min_u64(length, stream->end - stream->start);
        if (given > 0) {
            memcpy(plain, stream->plain + stream->start, given);
            stream->start += given;
        } else {
            const int error = decode_next(file, stream, plain, length, &given);
            if (error != 0)
                return error;
        }
        plain += given;
        length -= given;
    }
    return 0;
}

/* Passes the next unit if it is a block that lies in the `length` bytes. */
static int skip_block(const struct codec_file *file, struct codec_stream *stream, uint64_t length,
                      uint64_t *passed, bool *is_passed)
{
    struct bgzf_unit unit;

    *passed = 0;
    *is_passed = false;
    if (stream->in_member)
        return 0;
    const size_t ahead = stream->input.ahead;
    stream->input.ahead = 0; /* what lies between headers is not wanted */
    const int error = bgzf_look(file, &stream->input, stream->at, false, &unit);
    stream->input.ahead = ahead;
    if (error != 0 || unit.kind != BGZF_BLOCK || unit.plain > length)
        return error;
    stream->at += unit.size;
    *passed = unit.plain;
    *is_passed = true;
    return 0;
}

int bgzf_stream_skip(const struct codec_file *file, struct codec_stream *stream, uint64_t length)
{
    while (length > 0) {
        const size_t ready = (size_t)min_u64(length, stream->end - stream->start);
        uint64_t passed = ready;
        bool is_passed = ready > 0;
        stream->start += ready;
        int error = is_passed ? 0 : skip_block(file, stream, length, &passed, &is_passed);
        if (error == 0 && !is_passed) {
            /* Into the stream's own room: of a block that is passed in part, the rest stays. */
            size_t given = 0;
            const size_t most = (size_t)min_u64(length, sizeof(stream->plain));
            error = decode_next(file, stream, stream->plain, most, &given);
            passed = given;
        }
        if (error != 0)
            return error;
        length -= passed;
    }
    return 0;
}
#endif
