/* SPDX-License-Identifier: MIT */
/*
 * First the streams are found, from the end of the file to its start. Then their indexes are read
 * again in the order of the file, and places are reported. Last comes what follows the streams.
 */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/codec/xz_chain.h"

enum xz_walk_state {
    XZ_WALK_BEGINS,
    XZ_WALK_FINDS,   /* streams */
    XZ_WALK_TELLS,   /* between groups */
    XZ_WALK_RECORDS, /* within the only stream of a group */
    XZ_WALK_REST,    /* after the last stream */
};

struct xz_walk {
    struct codec_walk walk; /* the first member */
    const struct codec_file *file;
    const struct codec_sink *sink;
    enum xz_walk_state state;
    uint64_t from; /* where it began */
    uint64_t from_plain;
    uint64_t rest; /* what follows the last stream was looked at up to here */
    bool told;     /* a place: the last one is: */
    uint64_t told_file;
    uint64_t told_plain;

    size_t groups_left;
    lzma_check check; /* of the stream whose records are read */
    struct xz_records records;
    struct xz_chain chain;
    struct xz_input input;
};

int xz_walk_begin(const struct codec_file *file, const struct codec_place *from,
                  const struct codec_sink *sink, struct codec_walk **walk)
{
    struct xz_walk *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return -ENOMEM;
    made->file = file;
    made->sink = sink;
    if (from != NULL) {
        made->from = from->file;
        made->from_plain = from->plain;
    }
    made->walk.file = made->from;
    made->walk.unit = made->from;
    made->walk.plain = made->from_plain;
    *walk = &made->walk;
    return 0;
}

void xz_walk_free(struct codec_walk *walk)
{
    if (walk == NULL)
        return;
    struct xz_walk *own = (struct xz_walk *)(void *)walk;
    xz_chain_destroy(&own->chain);
    free(own);
}

/* A place that is not the header of a stream is a block, unless it is after the old last stream. */
static int xz_walk_enter(struct xz_walk *own)
{
    lzma_stream_flags header;
    if (own->from > own->file->size)
        return XZ_WRONG;
    int error = own->from == 0 ? 0 : xz_header_read(&own->input, own->file, own->from, &header);
    if (error < 0)
        return error;
    xz_chain_begin(&own->chain, own->file, &own->input, own->from, error == XZ_WRONG,
                   saturating_sub(OFFSET_MAX, own->from_plain));
    if (own->sink->every_unit)
        own->chain.step = own->chain.file_step = 1; /* as long as there is room */
    own->state = XZ_WALK_FINDS;
    return 0;
}

/* --- places ----------------------------------------------------------------------------------- */

/* Tells that decoding can start here, if it is far enough from the last place. */
static int xz_tell(struct xz_walk *own, uint64_t file, uint8_t bits)
{
    const struct codec_place place = {
        .file = file, .plain = own->walk.plain, .bits = bits, .starts_unit = true};

    own->walk.unit = file;
    if (own->told && !own->sink->every_unit && place.plain - own->told_plain < CODEC_STEP &&
        file - own->told_file < CODEC_FILE_STEP)
        return 0;
    own->told = true;
    own->told_file = file;
    own->told_plain = place.plain;
    return own->sink->place(own->sink->argument, &place);
}

static void xz_group_leave(struct xz_walk *own)
{
    const struct xz_chain *chain = &own->chain;

    own->groups_left--;
    own->walk.file = own->groups_left > 0 ? chain->groups[own->groups_left - 1].start : chain->end;
    own->state = XZ_WALK_TELLS;
}

static int xz_group_enter(struct xz_walk *own)
{
    if (own->groups_left == 0) {
        own->rest = own->chain.end;
        own->state = XZ_WALK_REST;
        return 0;
    }
    const struct xz_group *group = &own->chain.groups[own->groups_left - 1];
    if (group->index == 0) {
        int error = xz_tell(own, group->start, 0);
        own->walk.plain += group->plain;
        xz_group_leave(own);
        return error;
    }
    lzma_stream_flags header;
    int error = xz_header_read(&own->input, own->file, group->start, &header);
    if (error != 0)
        return error;
    own->check = header.check;
    own->walk.file = group->start;
    own->state = XZ_WALK_RECORDS;
    return xz_records_begin(&own->records, &own->input, own->file, group->index, own->file->size);
}

/* Reads the next record, and tells its block. */
static int xz_record_pass(struct xz_walk *own, uint64_t stream)
{
    struct xz_records *records = &own->records;
    const bool first = records->file_sizes == 0;
    const uint64_t start = stream + LZMA_STREAM_HEADER_SIZE + records->file_sizes;

    int error = xz_records_next(records, &own->input, own->file);
    if (error == 0 && records->file_size > records->start - start)
        error = XZ_WRONG;
    const uint64_t end = start + records->file_size;
    if (error != 0 || end <= own->from)
        return error;
    /* A walk from within the stream begins with a block. */
    if (stream < own->from && !own->told && start != own->from)
        return XZ_WRONG;
    error = xz_tell(own, first ? stream : start, first ? 0 : xz_check_bits(own->check));
    own->walk.file = end;
    own->walk.plain += records->plain_size;
    return error;
}

/* Reads records for about *left bytes. */
static int xz_records_pass(struct xz_walk *own, int64_t *left)
{
    const struct xz_group *group = &own->chain.groups[own->groups_left - 1];
    int error = 0;

    if (own->records.plain_sizes == 0 && own->records.file_sizes == 0 && own->records.left == 0)
        error = xz_tell(own, group->start, 0);
    while (error == 0 && own->records.left > 0 && *left > 0) {
        const uint64_t from = own->records.at;
        error = xz_record_pass(own, group->start);
        *left -= (int64_t)(own->records.at - from);
    }
    if (error != 0 || own->records.left > 0)
        return error;
    *left -= XZ_STREAM_LEAST;
    error = xz_records_end(&own->records, &own->input, own->file);
    if (error == 0 && own->records.plain_sizes != group->plain)
        error = XZ_WRONG;
    if (error == 0)
        xz_group_leave(own);
    return error;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* One block longer than a step gives no place to start from except its own. */
static enum codec_end xz_end_whole(struct xz_walk *own)
{
    own->walk.file = own->file->size;
    return own->from == 0 && own->chain.with_bytes == 1 && own->walk.plain > CODEC_STEP
               ? CODEC_START_ALONE
               : CODEC_WHOLE;
}

/*
 * If a stream begins here, or may begin here once the file has grown, it is not complete. xz
 * refuses everything else.
 */
static int xz_end_other(struct xz_walk *own)
{
    static const uint8_t start[] = {0xFD, '7', 'z', 'X', 'Z', 0};
    static const uint8_t zeros[XZ_WORD] = {0};
    const size_t size = (size_t)min_u64(own->file->size - own->rest, LZMA_STREAM_HEADER_SIZE);
    const uint8_t *bytes = NULL;
    size_t there = 0;
    lzma_stream_flags flags;

    int error = xz_input_after(&own->input, own->file, own->rest, size, &bytes, &there);
    if (error != 0)
        return error;
    const bool begins = size == LZMA_STREAM_HEADER_SIZE
                            ? lzma_stream_header_decode(&flags, bytes) == LZMA_OK
                            : memcmp(bytes, start, min_u64(size, sizeof(start))) == 0;
    const bool pads = size < XZ_WORD && own->rest > 0 && memcmp(bytes, zeros, size) == 0;
    own->walk.unit = own->rest;
    if (begins)
        own->walk.file = own->rest;
    own->walk.end = (begins || pads) && !own->chain.ends_ill ? CODEC_CUT : CODEC_LOST;
    return 0;
}

/* Passes over the padding after the last stream. */
static int xz_rest_pass(struct xz_walk *own, int64_t *left)
{
    static const uint8_t zeros[XZ_WORD] = {0};
    const uint8_t *bytes = NULL;
    size_t there = 0;

    if (own->chain.ends_whole && own->file->size > 0) {
        own->walk.end = xz_end_whole(own);
        return 0;
    }
    if (own->file->size - own->rest < XZ_WORD)
        return xz_end_other(own);
    int error = xz_input_after(&own->input, own->file, own->rest, XZ_WORD, &bytes, &there);
    while (error == 0 && there >= XZ_WORD && *left > 0) {
        if (own->rest == 0 || memcmp(bytes, zeros, XZ_WORD) != 0)
            return xz_end_other(own);
        own->rest += XZ_WORD;
        bytes += XZ_WORD;
        there -= XZ_WORD;
        *left -= XZ_WORD;
    }
    return error;
}

static int xz_walk_step(struct xz_walk *own, int64_t *left)
{
    int error = 0;

    switch (own->state) {
    case XZ_WALK_BEGINS:
        return xz_walk_enter(own);
    case XZ_WALK_FINDS:
        error = xz_chain_on(&own->chain, left);
        if (error == 0 && xz_chain_complete(&own->chain)) {
            own->groups_left = own->chain.count;
            own->state = XZ_WALK_TELLS;
        }
        return error;
    case XZ_WALK_TELLS:
        return xz_group_enter(own);
    case XZ_WALK_RECORDS:
        return xz_records_pass(own, left);
    case XZ_WALK_REST:
        return xz_rest_pass(own, left);
    }
    return -EINVAL;
}

int xz_walk_on(struct codec_walk *walk, uint64_t most)
{
    struct xz_walk *own = (struct xz_walk *)(void *)walk;
    int64_t left = (int64_t)max_u64(1, min_u64(most, OFFSET_MAX));

    while (left > 0 && walk->end == CODEC_GOES_ON) {
        const uint64_t fetched = own->input.fetched;
        const bool pays = own->state == XZ_WALK_FINDS; /* for what it reads, too */
        int error = xz_walk_step(own, &left);
        if (error < 0)
            return error;
        if (error == XZ_WRONG) /* what was found before is gone: the file has changed */
            walk->end = CODEC_LOST;
        left -= pays ? 1 : 1 + (int64_t)(own->input.fetched - fetched);
    }
    return 0;
}
#endif
