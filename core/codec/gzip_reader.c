/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"

enum {
    PLAIN_STEP = 256 * 1024, /* what was just decoded is in the cache when its CRC32 is made */
    RETRY_STEP = 4096,       /* after a read error: to get what comes before a bad block */
};

int gzip_reader_open(struct gzip_reader *reader)
{
    reader->phase = GZIP_IN_HEADER;
    return inflate_run_open(&reader->run);
}

void gzip_reader_close(struct gzip_reader *reader)
{
    inflate_run_close(&reader->run);
}

static void go_to_offset(struct gzip_reader *reader, uint64_t offset)
{
    reader->next = offset;
    reader->run.in = reader->buffer;
    reader->run.left = 0;
    reader->from_start = false;
}

void gzip_reader_go_to_member(struct gzip_reader *reader, uint64_t offset)
{
    go_to_offset(reader, offset);
    reader->member = offset;
    reader->header = (struct gzip_header){.part = GZIP_FIXED};
    reader->phase = offset == 0 ? GZIP_IN_HEADER : GZIP_BETWEEN;
}

int gzip_reader_start(struct gzip_reader *reader, const struct codec_file *file,
                      const struct codec_place *from, struct gzip_start *start)
{
    size_t length = 0;
    AUTO_FREE uint8_t *window = malloc(INFLATE_WINDOW);

    if (window == NULL)
        return -ENOMEM;
    int error = gzip_aid_unpack(from, &reader->run, start, window, &length);
    if (error == 0)
        error = gzip_start_run(&reader->run, file, start, window, length);
    if (error != 0)
        return error;
    go_to_offset(reader, from->file);
    reader->trailer_length = 0;
    reader->phase = GZIP_IN_BODY;
    return 0;
}

void gzip_reader_resume(struct gzip_reader *reader, const struct codec_begun *begun, uint64_t plain)
{
    reader->member = begun->file;
    reader->crc = begun->check;
    reader->length = plain - begun->plain;
    reader->from_start = true;
}

uint64_t gzip_reader_offset(const struct gzip_reader *reader)
{
    return reader->next - reader->run.left;
}

struct gzip_point gzip_reader_point(const struct gzip_reader *reader)
{
    const unsigned unused = inflate_run_bits_unused(&reader->run);
    return (struct gzip_point){gzip_reader_offset(reader) - unused / 8, (uint8_t)(unused % 8)};
}

/* Reads more input if there is none. At the end of the file there is still none after that. */
static int fill_input(struct gzip_reader *reader, const struct codec_file *file)
{
    const uint64_t next = reader->next;
    size_t length = (size_t)min_u64(GZIP_INPUT, saturating_sub(file->size, next));

    if (reader->run.left > 0 || length == 0)
        return 0;
    int error = file->read(file->argument, reader->buffer, length, next);
    const size_t less = RETRY_STEP - (size_t)(next % RETRY_STEP);
    if (error == -EIO && length > less) {
        length = less;
        error = file->read(file->argument, reader->buffer, length, next);
    }
    if (error != 0)
        return error;
    reader->next += length;
    reader->run.in = reader->buffer;
    reader->run.left = length;
    return 0;
}

static enum gzip_event step_between(struct gzip_reader *reader)
{
    struct inflate_run *run = &reader->run;

    if (run->left == 0)
        return GZIP_FILE_ENDED;
    for (; run->left > 0 && *run->in == 0; run->left--)
        run->in++;
    reader->member = gzip_reader_offset(reader);
    if (run->left > 0) {
        reader->header = (struct gzip_header){.part = GZIP_FIXED};
        reader->phase = GZIP_IN_HEADER;
    }
    return GZIP_READS_ON;
}

static enum gzip_event step_header(struct gzip_reader *reader)
{
    if (reader->run.left == 0)
        return GZIP_FILE_CUT;
    gzip_header_take(&reader->header, &reader->run.in, &reader->run.left);
    if (reader->header.part == GZIP_NO_HEADER)
        return GZIP_NO_MEMBER;
    if (reader->header.part != GZIP_BODY)
        return GZIP_READS_ON;
    reader->phase = GZIP_IN_BODY;
    reader->length = 0;
    reader->crc = (uint32_t)crc32(0, NULL, 0);
    reader->from_start = true;
    reader->trailer_length = 0;
    return inflate_run_start(&reader->run, 0, 0) == INFLATE_GOES_ON ? GZIP_BEGUN : GZIP_NO_MEMBER;
}

/* Decodes once. Returns 0 or -ENOMEM; *got is how many plain bytes came. */
static int decode_body(struct gzip_reader *reader, bool stops_at_blocks, size_t *got,
                       enum gzip_event *event)
{
    struct inflate_run *run = &reader->run;
    const size_t room = run->room;
    const uint8_t *out = run->out;

    run->room = (size_t)min_u64(room, PLAIN_STEP);
    const enum inflate_result result = inflate_run_on(run, stops_at_blocks);
    *got = (size_t)(run->out - out);
    run->room = room - *got;
    if (reader->from_start) {
        reader->crc = (uint32_t)crc32_z(reader->crc, out, *got);
        reader->length += *got;
    }
    if (result == INFLATE_STREAM_END)
        reader->phase = GZIP_IN_TRAILER;
    *event = result == INFLATE_BAD         ? GZIP_NO_MEMBER
             : result == INFLATE_BLOCK_END ? GZIP_BLOCK_ENDED
                                           : GZIP_READS_ON;
    return result == INFLATE_NO_MEMORY ? -ENOMEM : 0;
}

static int step_body(struct gzip_reader *reader, bool stops_at_blocks, enum gzip_event *event)
{
    const bool at_end = reader->run.left == 0;
    size_t got = 0;
    const int error = decode_body(reader, stops_at_blocks, &got, event);

    if (error == 0 && at_end && got == 0 && *event == GZIP_READS_ON)
        *event = GZIP_FILE_CUT;
    return error;
}

int gzip_reader_drain(struct gzip_reader *reader, enum gzip_event *event)
{
    const size_t left = reader->run.left;
    size_t got = 0;

    reader->run.left = 0;
    const int error = decode_body(reader, true, &got, event);
    reader->run.left = left;
    return error;
}

static uint32_t number_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* What the trailer says of the member. */
static enum gzip_event judge_member(const struct gzip_reader *reader)
{
    const bool right_crc = number_at(reader->trailer) == reader->crc;
    const bool right_length = number_at(reader->trailer + 4) == (uint32_t)reader->length;

    if (!reader->from_start || (right_crc && right_length))
        return GZIP_MEMBER_RIGHT;
    return right_crc || right_length ? GZIP_MEMBER_WRONG : GZIP_MEMBER_LOST;
}

static enum gzip_event step_trailer(struct gzip_reader *reader)
{
    struct inflate_run *run = &reader->run;

    if (run->left == 0)
        return GZIP_FILE_CUT;
    for (; run->left > 0 && reader->trailer_length < GZIP_TRAILER; run->left--)
        reader->trailer[reader->trailer_length++] = *run->in++;
    if (reader->trailer_length < GZIP_TRAILER)
        return GZIP_READS_ON;
    reader->phase = GZIP_BETWEEN;
    return judge_member(reader);
}

int gzip_reader_step(struct gzip_reader *reader, const struct codec_file *file,
                     bool stops_at_blocks, enum gzip_event *event)
{
    const int error = fill_input(reader, file);

    if (error != 0)
        return error;
    switch (reader->phase) {
    case GZIP_IN_HEADER:
        *event = step_header(reader);
        return 0;
    case GZIP_IN_BODY:
        return step_body(reader, stops_at_blocks, event);
    case GZIP_IN_TRAILER:
        *event = step_trailer(reader);
        return 0;
    case GZIP_BETWEEN:
        *event = step_between(reader);
        return 0;
    }
    return 0;
}

#endif
