/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/codec/xz_parts.h"

enum xz_stream_state {
    XZ_AT_PLACE, /* the header of a stream, or of a block */
    XZ_AT_PART,  /* the header of a block, or an index */
    XZ_AT_REST,  /* after a footer: padding, or the header of a stream */
    XZ_AT_BLOCK, /* after the header of a block */
    XZ_IN_BLOCK,
};

struct xz_stream {
    enum xz_stream_state state;
    uint64_t at; /* in the file: what comes next */
    lzma_check check;

    bool from_header; /* all blocks of this stream were decoded, */
    uint64_t blocks;  /* this many, */
    uint64_t digest;  /* and this is what their records must be */

    lzma_block block;
    lzma_filter filters[LZMA_FILTERS_MAX + 1]; /* their options are owned in XZ_AT_BLOCK */
    uint64_t memory;                           /* what they need */
    lzma_stream coder;

    struct xz_records records;
    struct xz_input input;
};

int xz_stream_open(const struct codec_file *file, const struct codec_place *from,
                   struct codec_stream **stream)
{
    static const lzma_stream coder = LZMA_STREAM_INIT;
    struct xz_stream *made = calloc(1, sizeof(*made));

    (void)file;
    if (made == NULL)
        return -ENOMEM;
    made->at = from->file;
    made->coder = coder;
    made->filters[0].id = LZMA_VLI_UNKNOWN;
    if (xz_check_of(from->bits, &made->check) != 0)
        made->check = LZMA_CHECK_ID_MAX; /* refused once a block needs it */
    *stream = (struct codec_stream *)(void *)made;
    return 0;
}

static void xz_filters_free(struct xz_stream *own)
{
    for (size_t i = 0; i < LZMA_FILTERS_MAX && own->filters[i].id != LZMA_VLI_UNKNOWN; i++)
        free(own->filters[i].options);
    own->filters[0].id = LZMA_VLI_UNKNOWN;
}

void xz_stream_close(struct codec_stream *stream)
{
    if (stream == NULL)
        return;
    struct xz_stream *own = (struct xz_stream *)(void *)stream;
    xz_filters_free(own);
    lzma_end(&own->coder);
    free(own);
}

/* --- from block to block ---------------------------------------------------------------------- */

/* Remembers what the index must say of a block. */
static uint64_t xz_digest_add(uint64_t digest, uint64_t unpadded, uint64_t plain_size)
{
    const uint64_t record[] = {unpadded, plain_size};
    return XXH64(record, sizeof(record), digest);
}

/* Begins a stream whose header is next. */
static int xz_pass_header(struct xz_stream *own, const struct codec_file *file)
{
    lzma_stream_flags flags;

    int error = xz_header_read(&own->input, file, own->at, &flags);
    if (error != 0)
        return error;
    own->check = flags.check;
    own->from_header = true;
    own->blocks = 0;
    own->digest = 0;
    own->at += LZMA_STREAM_HEADER_SIZE;
    own->state = XZ_AT_PART;
    return 0;
}

/* Places are at headers. The bytes that a stream begins with cannot be the header of a block. */
static int xz_pass_place(struct xz_stream *own, const struct codec_file *file)
{
    int error = xz_pass_header(own, file);
    if (error == XZ_WRONG) {
        own->state = XZ_AT_PART;
        error = 0;
    }
    return error;
}

/* Reads an index. Its last records must be those of the blocks that were decoded. */
static int xz_pass_records(struct xz_stream *own, const struct codec_file *file)
{
    struct xz_records *records = &own->records;
    uint64_t digest = 0;

    int error = xz_records_begin(records, &own->input, file, own->at, file->size);
    if (error != 0)
        return error;
    if (own->blocks > records->left || (own->from_header && own->blocks != records->left))
        return XZ_WRONG;
    while (error == 0 && records->left > 0) {
        const bool decoded = records->left <= own->blocks;
        error = xz_records_next(records, &own->input, file);
        if (decoded)
            digest = xz_digest_add(digest, records->unpadded, records->plain_size);
    }
    if (error == 0)
        error = xz_records_end(records, &own->input, file);
    if (error == 0 && digest != own->digest)
        error = XZ_WRONG;
    return error;
}

/* Passes over an index and the footer after it. */
static int xz_pass_index(struct xz_stream *own, const struct codec_file *file)
{
    lzma_stream_flags flags;

    int error = xz_pass_records(own, file);
    if (error == 0)
        error = xz_footer_read(&own->input, file, own->records.at, &flags);
    if (error != 0)
        return error;
    if (flags.check != own->check || flags.backward_size != own->records.at - own->at)
        return XZ_WRONG;
    own->at = own->records.at + LZMA_STREAM_HEADER_SIZE;
    own->state = XZ_AT_REST;
    return 0;
}

/* Passes over padding, or begins the stream that is next. XZ_WRONG: there is none. */
static int xz_pass_rest(struct xz_stream *own, const struct codec_file *file)
{
    static const uint8_t zeros[XZ_WORD] = {0};
    const uint8_t *bytes = NULL;
    size_t there = 0;

    int error = xz_input_after(&own->input, file, own->at, XZ_WORD, &bytes, &there);
    if (error != 0)
        return error;
    if (memcmp(bytes, zeros, XZ_WORD) != 0)
        return xz_pass_header(own, file);
    for (; there >= XZ_WORD && memcmp(bytes, zeros, XZ_WORD) == 0; there -= XZ_WORD) {
        bytes += XZ_WORD;
        own->at += XZ_WORD;
    }
    return 0;
}

/* Decodes the header of a block, whose first byte is its size. */
static int xz_pass_block_header(struct xz_stream *own, const struct codec_file *file, uint8_t size)
{
    const uint8_t *bytes = NULL;
    size_t there = 0;

    own->block = (lzma_block){.version = 1,
                              .header_size = lzma_block_header_size_decode(size),
                              .check = own->check,
                              .filters = own->filters};
    int error = xz_input_after(&own->input, file, own->at, own->block.header_size, &bytes, &there);
    if (error != 0)
        return error;
    if (lzma_check_is_supported(own->check) == 0)
        return XZ_WRONG;
    const lzma_ret result = lzma_block_header_decode(&own->block, NULL, bytes);
    if (result != LZMA_OK)
        return result == LZMA_MEM_ERROR ? -ENOMEM : XZ_WRONG;
    own->state = XZ_AT_BLOCK;
    own->at += own->block.header_size;
    own->memory = lzma_raw_decoder_memusage(own->filters);
    return own->memory > XZ_MEMORY_MOST ? XZ_WRONG : 0;
}

/* What comes next in a stream. */
static int xz_pass_part(struct xz_stream *own, const struct codec_file *file)
{
    const uint8_t *bytes = NULL;
    size_t there = 0;

    int error = xz_input_after(&own->input, file, own->at, 1, &bytes, &there);
    if (error != 0)
        return error;
    return bytes[0] == 0 ? xz_pass_index(own, file) : xz_pass_block_header(own, file, bytes[0]);
}

static bool xz_is_at_block(const struct xz_stream *own)
{
    return own->state == XZ_AT_BLOCK || own->state == XZ_IN_BLOCK;
}

/* Passes over what is next, if it is not a block. */
static int xz_pass(struct xz_stream *own, const struct codec_file *file)
{
    if (own->state == XZ_AT_PLACE)
        return xz_pass_place(own, file);
    return own->state == XZ_AT_PART ? xz_pass_part(own, file) : xz_pass_rest(own, file);
}

/* Goes on to the next block. XZ_WRONG: there is none. */
static int xz_find_block(struct xz_stream *own, const struct codec_file *file)
{
    int error = 0;

    while (error == 0 && !xz_is_at_block(own))
        error = xz_pass(own, file);
    return error;
}

/* --- within a block --------------------------------------------------------------------------- */

static int xz_error(lzma_ret result)
{
    if (result == LZMA_OK || result == LZMA_STREAM_END)
        return 0;
    return result == LZMA_MEM_ERROR ? -ENOMEM : XZ_WRONG;
}

static int xz_block_enter(struct xz_stream *own)
{
    const lzma_ret result = lzma_block_decoder(&own->coder, &own->block);

    xz_filters_free(own); /* the decoder has what it needs of them */
    own->block.filters = NULL;
    own->state = XZ_IN_BLOCK;
    return xz_error(result);
}

static void xz_block_leave(struct xz_stream *own)
{
    own->blocks++;
    own->digest = xz_digest_add(own->digest, lzma_block_unpadded_size(&own->block),
                                own->block.uncompressed_size);
    own->state = XZ_AT_PART;
}

/*
 * Decodes to where the coder's output is full, and on to where it takes no more input without room
 * for output: if the block ends there, it has been checked. Or to the end of the block.
 */
static int xz_block_decode(struct xz_stream *own, const struct codec_file *file)
{
    lzma_stream *coder = &own->coder;
    lzma_ret result = LZMA_OK;
    bool goes_on = true;

    while (result == LZMA_OK && goes_on) {
        int error =
            xz_input_after(&own->input, file, own->at, 1, &coder->next_in, &coder->avail_in);
        if (error != 0)
            return error;
        const size_t there = coder->avail_in;
        const bool has_room = coder->avail_out > 0;
        result = lzma_code(coder, LZMA_RUN);
        goes_on = has_room || coder->avail_in < there;
        own->at += there - coder->avail_in;
    }
    /* If there is no room, it is no error to do nothing. */
    if (result == LZMA_BUF_ERROR && coder->avail_out == 0)
        result = LZMA_OK;
    if (result == LZMA_STREAM_END)
        xz_block_leave(own);
    return xz_error(result);
}

int xz_stream_read(const struct codec_file *file, struct codec_stream *stream, uint8_t *plain,
                   size_t length)
{
    struct xz_stream *own = (struct xz_stream *)(void *)stream;
    int error = 0;

    own->coder.next_out = plain;
    own->coder.avail_out = length;
    while (error == 0 && own->coder.avail_out > 0) {
        error = xz_find_block(own, file);
        if (error == 0 && own->state == XZ_AT_BLOCK)
            error = xz_block_enter(own);
        if (error == 0)
            error = xz_block_decode(own, file);
    }
    return error == XZ_WRONG ? -EBADMSG : error;
}

int xz_stream_check(const struct codec_file *file, struct codec_stream *stream,
                    const struct codec_place *next)
{
    struct xz_stream *own = (struct xz_stream *)(void *)stream;
    const uint64_t end = next != NULL ? next->file : file->size;
    int error = own->state == XZ_IN_BLOCK ? XZ_WRONG : 0;

    own->coder.avail_out = 0;
    while (error == 0 && (xz_is_at_block(own) || own->at < end)) {
        if (!xz_is_at_block(own)) {
            error = xz_pass(own, file);
            continue;
        }
        /* A block without bytes. */
        error = xz_block_enter(own);
        if (error == 0)
            error = xz_block_decode(own, file);
        if (error == 0 && own->state == XZ_IN_BLOCK)
            error = XZ_WRONG;
    }
    if (error == 0 && (own->at != end || (next == NULL && own->state != XZ_AT_REST)))
        error = XZ_WRONG;
    return error == XZ_WRONG ? -EBADMSG : error;
}

int xz_stream_memory(const struct codec_file *file, const struct codec_place *from, uint64_t *bytes)
{
    struct codec_stream *stream = NULL;

    int error = xz_stream_open(file, from, &stream);
    if (error != 0)
        return error;
    struct xz_stream *own = (struct xz_stream *)(void *)stream;
    error = xz_find_block(own, file);
    if (error == XZ_WRONG && own->state == XZ_AT_REST && own->at == file->size)
        error = 0; /* no block, and no memory for it */
    if (error == 0)
        *bytes = own->memory + sizeof(*own);
    xz_stream_close(stream);
    return error == XZ_WRONG ? -EBADMSG : error;
}
#endif
