/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz_chain.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"

enum {
    XZ_GROUPS_MOST = 1024 * 1024, /* 24 MiB of them */
    XZ_GROUPS_FIRST = 64,
    XZ_PATIENCE = 8, /* for each byte of the file */
    XZ_PATIENCE_LEAST = 1024 * 1024,
};

/*
 * A sound file needs a few reads for each stream and each byte of its indexes once. A hostile one
 * could make us look at an index, or at a far part of it, for each of a billion footers.
 */
void xz_chain_begin(struct xz_chain *chain, const struct codec_file *file, struct xz_input *input,
                    uint64_t low, bool across, uint64_t plain_most)
{
    const uint64_t length = saturating_sub(file->size, low);

    *chain = (struct xz_chain){
        .file = file,
        .input = input,
        .low = low,
        .high = file->size,
        .at = low + length / XZ_WORD * XZ_WORD,
        .end = low,
        .across = across,
        .ends_whole = length % XZ_WORD == 0,
        .step = CODEC_STEP,
        .file_step = CODEC_FILE_STEP,
        .plain_most = plain_most,
        .patience = XZ_PATIENCE * min_u64(file->size, OFFSET_MAX / XZ_PATIENCE) + XZ_PATIENCE_LEAST,
    };
}

void xz_chain_destroy(struct xz_chain *chain)
{
    free(chain->groups);
    chain->groups = NULL;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Whether a group that ends at `end` is small enough to be one with what is before it. */
static bool xz_are_small(const struct xz_chain *chain, uint64_t start, uint64_t end, uint64_t plain)
{
    return plain < chain->step && end - start < chain->file_step;
}

/*
 * Makes larger groups. Neighbours that cannot be one have a step of plain bytes, or of the file,
 * between them. Neither has more than 2^63 bytes, so in the end there is room.
 */
static void xz_groups_merge(struct xz_chain *chain)
{
    while (chain->count > XZ_GROUPS_MOST / 2 && chain->step <= OFFSET_MAX / 2) {
        size_t kept = 0;
        uint64_t end = chain->end;
        chain->step *= 2;
        chain->file_step = min_u64(chain->file_step * 2, OFFSET_MAX / 2);
        for (size_t i = 1; i < chain->count; i++) {
            struct xz_group *last = &chain->groups[kept];
            const struct xz_group *next = &chain->groups[i];
            if (xz_are_small(chain, next->start, end, last->plain + next->plain)) {
                *last = (struct xz_group){next->start, 0, last->plain + next->plain};
            } else {
                end = last->start;
                chain->groups[++kept] = *next;
            }
        }
        chain->count = kept + 1;
    }
}

static int xz_groups_room(struct xz_chain *chain)
{
    if (chain->count == XZ_GROUPS_MOST)
        xz_groups_merge(chain);
    if (chain->count < chain->capacity)
        return 0;
    const size_t capacity = chain->capacity > 0 ? chain->capacity * 2 : XZ_GROUPS_FIRST;
    struct xz_group *groups = reallocarray(chain->groups, capacity, sizeof(groups[0]));
    if (groups == NULL)
        return -ENOMEM;
    chain->groups = groups;
    chain->capacity = capacity;
    return 0;
}

/*
 * Adds a stream that lies before all others. One across `low` is read by records, so it is never
 * merged.
 */
static int xz_groups_add(struct xz_chain *chain, const struct xz_group *stream, uint64_t end)
{
    int error = xz_groups_room(chain);
    if (error != 0)
        return error;
    assert(chain->groups != NULL);
    if (chain->count == 0)
        chain->end = end;
    struct xz_group *last = chain->count > 0 ? &chain->groups[chain->count - 1] : NULL;
    const uint64_t last_end = chain->count > 1 ? chain->groups[chain->count - 2].start : chain->end;
    if (last != NULL && stream->start >= chain->low &&
        xz_are_small(chain, stream->start, last_end, last->plain + stream->plain))
        *last = (struct xz_group){stream->start, 0, last->plain + stream->plain};
    else
        chain->groups[chain->count++] = *stream;
    chain->plain += stream->plain;
    return 0;
}

/* --- streams ---------------------------------------------------------------------------------- */

/* What ends at `at` is not a stream. So all streams after it are none, or have no known place. */
static void xz_chain_break(struct xz_chain *chain)
{
    if (chain->count > 0 && chain->ends_whole)
        chain->ends_ill = true;
    chain->ends_whole = false;
    chain->in_index = false;
    chain->count = 0;
    chain->end = chain->low;
    chain->plain = 0;
    chain->with_bytes = 0;
    chain->at -= min_u64(chain->at, XZ_WORD);
}

/* Begins with the stream whose footer ends at `at`. */
static int xz_stream_enter(struct xz_chain *chain)
{
    if (chain->at - chain->low < LZMA_STREAM_HEADER_SIZE + XZ_INDEX_LEAST)
        return XZ_WRONG;
    const uint64_t footer = chain->at - LZMA_STREAM_HEADER_SIZE;
    int error = xz_footer_read(chain->input, chain->file, footer, &chain->footer);
    if (error != 0)
        return error;
    if (chain->ends_whole && chain->count == 0)
        chain->ends_ill = true; /* until the rest of it is seen */
    if (chain->footer.backward_size > footer - chain->low)
        return XZ_WRONG;
    chain->in_index = true;
    return xz_records_begin(&chain->records, chain->input, chain->file,
                            footer - chain->footer.backward_size, footer);
}

/* Looks at the header of a stream whose index was read, and adds the stream. */
static int xz_stream_leave(struct xz_chain *chain)
{
    struct xz_records *records = &chain->records;
    lzma_stream_flags header;
    uint64_t plain = 0;

    int error = xz_records_end(records, chain->input, chain->file);
    if (error != 0)
        return error;
    if (records->at != records->limit || records->start < LZMA_STREAM_HEADER_SIZE ||
        records->file_sizes > records->start - LZMA_STREAM_HEADER_SIZE)
        return XZ_WRONG;
    const uint64_t start = records->start - LZMA_STREAM_HEADER_SIZE - records->file_sizes;
    if (start < chain->low && !chain->across)
        return XZ_WRONG;
    error = xz_header_read(chain->input, chain->file, start, &header);
    if (error != 0)
        return error;
    if (lzma_stream_flags_compare(&header, &chain->footer) != LZMA_OK ||
        !checked_add(chain->plain, records->plain_sizes, &plain) || plain > chain->plain_most)
        return XZ_WRONG;
    const struct xz_group stream = {start, records->start, records->plain_sizes};
    error = xz_groups_add(chain, &stream, chain->at);
    if (error != 0)
        return error;
    if (chain->ends_whole)
        chain->ends_ill = false;
    chain->with_bytes += records->with_bytes;
    chain->in_index = false;
    chain->at = start;
    return 0;
}

static void xz_chain_pay(struct xz_chain *chain, uint64_t bytes, int64_t *left)
{
    *left -= (int64_t)bytes;
    chain->patience = saturating_sub(chain->patience, bytes);
}

/* Reads records for about *left bytes. */
static int xz_stream_sum(struct xz_chain *chain, int64_t *left)
{
    const uint64_t from = chain->records.at;
    int error = 0;

    while (error == 0 && chain->records.left > 0 && chain->records.at - from < (uint64_t)*left)
        error = xz_records_next(&chain->records, chain->input, chain->file);
    xz_chain_pay(chain, chain->records.at - from, left);
    if (error == 0 && chain->records.left == 0) {
        *left -= XZ_STREAM_LEAST;
        error = xz_stream_leave(chain);
    }
    return error;
}

/* --- between streams -------------------------------------------------------------------------- */

/* At the start of a file there is a stream, and no padding. */
static void xz_chain_check_start(struct xz_chain *chain)
{
    const bool starts = chain->count > 0 && chain->groups[chain->count - 1].start == 0;
    if (chain->low == 0 && chain->high > 0 && !starts)
        xz_chain_break(chain);
}

/* Goes back over padding, and over anything else, to the end of a footer. */
static int xz_find_footer(struct xz_chain *chain, int64_t *left)
{
    static const uint8_t zeros[XZ_WORD] = {0};
    const uint8_t *bytes = NULL;
    size_t there = 0;

    int error = xz_input_before(chain->input, chain->file, chain->at, XZ_WORD, &bytes, &there);
    for (; error == 0 && there >= XZ_WORD && !xz_chain_complete(chain) && *left > 0;
         there -= XZ_WORD, bytes -= XZ_WORD, *left -= XZ_WORD) {
        if (bytes[-2] == 'Y' && bytes[-1] == 'Z') {
            *left -= XZ_STREAM_LEAST;
            return xz_stream_enter(chain);
        }
        if (memcmp(bytes - XZ_WORD, zeros, XZ_WORD) == 0)
            chain->at -= XZ_WORD;
        else
            xz_chain_break(chain);
    }
    return error;
}

int xz_chain_on(struct xz_chain *chain, int64_t *left)
{
    while (*left > 0 && !xz_chain_complete(chain)) {
        const uint64_t fetched = chain->input->fetched;
        int error = chain->in_index ? xz_stream_sum(chain, left) : xz_find_footer(chain, left);
        if (error < 0)
            return error;
        if (error == XZ_WRONG)
            xz_chain_break(chain);
        xz_chain_pay(chain, chain->input->fetched - fetched, left);
        if (chain->patience == 0) {
            xz_chain_break(chain);
            chain->at = chain->low;
            chain->ends_ill = true;
        }
        if (xz_chain_complete(chain))
            xz_chain_check_start(chain);
    }
    return 0;
}
#endif
