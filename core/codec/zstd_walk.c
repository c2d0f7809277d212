/* SPDX-License-Identifier: MIT */
/*
 * A walk takes small steps: an entry of the seek table, a block header, or some bytes of a frame
 * that is decoded for its size. What it does next is a function, `step`.
 *
 *     find table -> check table -> entry, entry, ...
 *          |             |
 *          +-------------+-> frame -> block, block, ... -> frame -> ...
 *                                         +-> measure --------^
 */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/codec/zstd_decoder.h"
#include "core/codec/zstd_frame.h"
#include "core/codec/zstd_seek_table.h"

enum {
    MEASURE_ROOM = 64 * 1024, /* for plain bytes that are counted and forgotten */

    /* Decoding takes about as long for so many plain bytes as for one byte of the file. */
    PLAIN_FOR_A_BYTE = 4,
};

struct zstd_walk {
    struct codec_walk walk; /* the first member: the caller has a pointer to it */
    const struct codec_file *file;
    const struct codec_sink *sink;
    int (*step)(struct zstd_walk *walk);
    uint64_t spent; /* the cost of this call's steps, in bytes of the file */
    struct zstd_input headers;
    struct zstd_frame frame;
    struct zstd_seek_table table;
    enum zstd_table_use table_use;
    struct codec_place last; /* the last place that was reported, or where the walk began */
    bool has_place;
    unsigned holders; /* frames that hold something: none, one, or two for more than one */

    /* For frames that do not tell their size. */
    struct zstd_decoder decoder;
    uint8_t *measured; /* owned */
    uint64_t measured_size;
};

static int zstd_step_find_table(struct zstd_walk *walk);
static int zstd_step_frame(struct zstd_walk *walk);

int zstd_walk_begin(const struct codec_file *file, const struct codec_place *from,
                    const struct codec_sink *sink, struct codec_walk **begun)
{
    struct zstd_walk *walk = calloc(1, sizeof(*walk));
    if (walk == NULL)
        return -ENOMEM;
    *walk = (struct zstd_walk){
        .file = file,
        .sink = sink,
        .step = zstd_step_find_table,
        .headers.room = ZSTD_HEADERS_ROOM,
        .last = {.starts_unit = true},
    };
    if (from != NULL) {
        walk->last.file = from->file;
        walk->last.plain = from->plain;
        walk->holders = from->plain > 0 ? 2 : 0; /* at least one, and how long is not known */
    }
    walk->walk.file = walk->last.file;
    walk->walk.plain = walk->last.plain;
    walk->walk.unit = walk->last.file;
    *begun = &walk->walk;
    return 0;
}

void zstd_walk_free(struct codec_walk *freed)
{
    struct zstd_walk *walk = (struct zstd_walk *)freed;
    if (walk == NULL)
        return;
    zstd_input_free(&walk->headers);
    zstd_seek_table_free(&walk->table);
    zstd_decoder_free(&walk->decoder);
    free(walk->measured);
    free(walk);
}

/* --- what is reported ------------------------------------------------------------------------ */

/* The walk ends in a frame whose length is not known. */
static int zstd_end_early(struct zstd_walk *walk, enum codec_end end)
{
    walk->walk.file = walk->walk.unit;
    walk->walk.end = end;
    return 0;
}

static int zstd_end_whole(struct zstd_walk *walk)
{
    const bool alone = walk->holders == 1 && walk->walk.plain > CODEC_STEP;
    walk->walk.file = walk->file->size;
    walk->walk.end = alone ? CODEC_START_ALONE : CODEC_WHOLE;
    return 0;
}

/* Tells the place where a frame starts, if one is due, or the first one. */
static int zstd_tell_place(struct zstd_walk *walk, uint64_t file)
{
    const uint64_t plain = walk->walk.plain;
    const bool far = plain - walk->last.plain >= CODEC_STEP ||
                     file - walk->last.file >= CODEC_FILE_STEP ||
                     (walk->sink->every_unit && file > walk->last.file);
    if (walk->has_place && !far)
        return 0;
    walk->last.file = file;
    walk->last.plain = plain;
    walk->has_place = true;
    return walk->sink->place(walk->sink->argument, &walk->last);
}

/* A frame with so many plain bytes was passed. The next one starts at `file`. */
static int zstd_pass(struct zstd_walk *walk, uint64_t holds, uint64_t file, bool damaged)
{
    const uint64_t from = walk->walk.plain;
    uint64_t to;
    if (!checked_add(from, holds, &to) || to > OFFSET_MAX)
        return zstd_end_early(walk, CODEC_LOST);
    int error = zstd_tell_place(walk, walk->walk.unit);
    if (error == 0 && damaged)
        error = walk->sink->damage(walk->sink->argument, from, to, walk->walk.unit);
    if (error != 0)
        return error;
    walk->walk.plain = to;
    walk->walk.file = file;
    if (holds > 0 && walk->holders < 2)
        walk->holders++;
    return 0;
}

/* --- by the seek table ----------------------------------------------------------------------- */

static int zstd_step_entry(struct zstd_walk *walk)
{
    struct zstd_entry entry;
    if (walk->table.next.number == walk->table.count)
        return zstd_end_whole(walk);
    int error = zstd_seek_table_next(walk->file, &walk->table, &entry);
    if (error != 0)
        return error;
    walk->spent += walk->table.entry_size;
    walk->walk.unit = entry.file;
    return zstd_pass(walk, entry.holds, entry.file + entry.length, false);
}

/* After an error, the walk is tried again from its first step. */
static int zstd_step_check_table(struct zstd_walk *walk)
{
    struct zstd_seek_table *table = &walk->table;
    const uint32_t before = table->next.number;
    if (walk->table_use != ZSTD_TABLE_UNSURE) {
        walk->step = walk->table_use == ZSTD_TABLE_USED ? zstd_step_entry : zstd_step_frame;
        return 0;
    }
    int error = zstd_seek_table_check(walk->file, &walk->headers, walk->last.plain, table,
                                      &walk->table_use);
    walk->spent += saturating_sub(table->next.number, before) * table->entry_size;
    if (error != 0)
        walk->step = zstd_step_find_table;
    return error;
}

static int zstd_step_find_table(struct zstd_walk *walk)
{
    zstd_seek_table_free(&walk->table); /* if an error made it try again */
    int error = zstd_seek_table_find(walk->file, walk->walk.file, &walk->table, &walk->table_use);
    if (error == 0)
        walk->step = zstd_step_check_table;
    return error;
}

/* --- by headers ------------------------------------------------------------------------------ */

static int zstd_begin_measure(struct zstd_walk *walk)
{
    if (walk->measured == NULL)
        walk->measured = malloc(MEASURE_ROOM);
    if (walk->measured == NULL)
        return -ENOMEM;
    if (walk->decoder.context == NULL) {
        int error = zstd_decoder_make(ZSTD_WINDOW_MOST, &walk->decoder);
        if (error != 0)
            return error;
    }
    zstd_decoder_begin(&walk->decoder, walk->frame.start);
    walk->measured_size = 0;
    return 0;
}

/*
 * Decodes some of a frame for its size. If the frame is damaged, be it that only its checksum is
 * wrong, neither its size nor the place of all that follows is known: a flipped bit can make a
 * block longer or shorter.
 */
static int zstd_step_measure(struct zstd_walk *walk)
{
    struct zstd_decoder *decoder = &walk->decoder;
    const uint64_t before = decoder->at;
    size_t got = 0;
    int error = zstd_decoder_on(walk->file, decoder, walk->measured, MEASURE_ROOM, &got);
    walk->spent += decoder->at - before + got / PLAIN_FOR_A_BYTE;
    walk->measured_size += got;
    walk->walk.file = decoder->at;
    if (error == -EBADMSG || (error == 0 && decoder->ended && decoder->at != walk->frame.at))
        return zstd_end_early(walk, CODEC_LOST);
    if (error != 0 || !decoder->ended)
        return error;
    walk->step = zstd_step_frame;
    return zstd_pass(walk, walk->measured_size, walk->frame.at, false);
}

/*
 * A whole frame. It holds as many plain bytes as it says, if its blocks can hold that; or as many
 * as its blocks have, if none is compressed. Otherwise it must be measured.
 */
static int zstd_end_frame(struct zstd_walk *walk)
{
    const struct zstd_frame *frame = &walk->frame;
    const bool readable = zstd_frame_is_readable(frame);
    if (!readable && walk->walk.reason == CODEC_DAMAGED)
        walk->walk.reason = frame->dictionary != 0 ? CODEC_NEEDS_DICTIONARY : CODEC_NEEDS_MEMORY;
    const uint64_t holds = frame->content == ZSTD_UNTOLD ? frame->least : frame->content;

    if (frame->content == ZSTD_UNTOLD && frame->least != frame->most) {
        if (!readable)
            return zstd_end_early(walk, CODEC_LOST);
        int error = zstd_begin_measure(walk);
        if (error == 0)
            walk->step = zstd_step_measure;
        return error;
    }
    if (holds < frame->least || holds > frame->most)
        return zstd_end_early(walk, CODEC_LOST);
    walk->step = zstd_step_frame;
    return zstd_pass(walk, holds, frame->at, !readable);
}

/* Does what the state of the frame calls for, after its header or one of its blocks. */
static int zstd_after_header(struct zstd_walk *walk)
{
    switch (walk->frame.state) {
    case ZSTD_FRAME_CUT:
        return zstd_end_early(walk, CODEC_CUT);
    case ZSTD_FRAME_LOST:
        return zstd_end_early(walk, CODEC_LOST);
    case ZSTD_FRAME_WHOLE:
        return zstd_end_frame(walk);
    default:
        return 0;
    }
}

static int zstd_step_block(struct zstd_walk *walk)
{
    const uint64_t before = walk->frame.at;
    if (walk->frame.state == ZSTD_FRAME_GOES_ON) {
        int error = zstd_frame_on(walk->file, &walk->headers, &walk->frame);
        if (error != 0)
            return error;
    }
    walk->spent += walk->frame.at - before;
    if (walk->frame.content != ZSTD_UNTOLD) /* else measuring moves it, later */
        walk->walk.file = walk->frame.at;
    return zstd_after_header(walk);
}

/* What a skippable frame holds is not read: passing it costs its header. */
static int zstd_step_frame(struct zstd_walk *walk)
{
    struct zstd_frame *frame = &walk->frame;
    if (walk->walk.file >= walk->file->size)
        return zstd_end_whole(walk);
    int error = zstd_frame_begin(walk->file, &walk->headers, walk->walk.file, frame);
    if (error != 0)
        return error;
    walk->spent += ZSTD_SKIPPABLE_HEADER;
    walk->walk.unit = frame->start;
    if (frame->skippable && frame->state == ZSTD_FRAME_WHOLE) {
        walk->walk.file = frame->at;
        return 0;
    }
    walk->step = zstd_step_block;
    return frame->state == ZSTD_FRAME_GOES_ON ? 0 : zstd_after_header(walk);
}

int zstd_walk_on(struct codec_walk *codec_walk, uint64_t most)
{
    struct zstd_walk *walk = (struct zstd_walk *)codec_walk;
    int error = 0;
    walk->spent = 0;
    if (!walk->has_place)
        error = zstd_tell_place(walk, walk->walk.file);
    while (error == 0 && walk->walk.end == CODEC_GOES_ON && walk->spent < most)
        error = walk->step(walk);
    return error;
}
#endif
