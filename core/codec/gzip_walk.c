/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/codec/gzip_places.h"
#include "core/codec/gzip_reader.h"

enum {
    WALK_OUTPUT = 128 * 1024,
    PLAIN_FOR_FILE = 16, /* a call decodes at most this many times what it may take of the file */
};
_Static_assert((int)WALK_OUTPUT >= (int)GZIP_DRAIN, "what is drained must find room");

struct gzip_walk {
    struct codec_walk walk; /* `plain` is of the members that have ended */
    const struct codec_file *file;
    const struct codec_sink *sink;
    struct gzip_reader reader;
    struct gzip_places places;
    uint64_t plain;          /* that has been decoded */
    struct gzip_point block; /* where the block that is being decoded starts */
    uint64_t block_plain;
    uint8_t output[WALK_OUTPUT];
};

static struct gzip_walk *gzip_walk_of(struct codec_walk *codec_walk)
{
    return (struct gzip_walk *)(void *)codec_walk;
}

/*
 * Goes on within a member. That the place is right was checked with its aid; the CRC32 at the end
 * of the member tells if anything before it was not.
 */
static int begin_within(struct gzip_walk *walk, const struct codec_place *from)
{
    struct gzip_reader *reader = &walk->reader;
    struct gzip_start start;

    int error = gzip_reader_start(reader, walk->file, from, &start);
    if (error != 0)
        return error;
    gzip_reader_resume(reader, &from->begun, from->plain);
    walk->walk.plain = from->begun.plain;
    walk->walk.unit = from->begun.file;
    walk->block = start.is_inside ? start.block : start.at;
    walk->block_plain = from->plain;
    return 0;
}

int gzip_walk_begin(const struct codec_file *file, const struct codec_place *from,
                    const struct codec_sink *sink, struct codec_walk **begun)
{
    struct gzip_walk *walk = calloc(1, sizeof(*walk));

    if (walk == NULL)
        return -ENOMEM;
    walk->file = file;
    walk->sink = sink;
    int error = gzip_reader_open(&walk->reader);
    if (error == 0)
        error = gzip_places_open(&walk->places, file, sink, from);
    if (error != 0) {
        gzip_walk_free(&walk->walk);
        return error;
    }
    if (from != NULL)
        walk->walk = (struct codec_walk){
            .file = from->file, .plain = from->plain, .unit = from->file, .end = CODEC_GOES_ON};
    walk->plain = walk->walk.plain;
    if (from == NULL || from->starts_unit)
        gzip_reader_go_to_member(&walk->reader, walk->walk.file);
    else
        error = begin_within(walk, from);
    if (error != 0) {
        gzip_walk_free(&walk->walk);
        return error;
    }
    *begun = &walk->walk;
    return 0;
}

void gzip_walk_free(struct codec_walk *codec_walk)
{
    struct gzip_walk *walk = gzip_walk_of(codec_walk);

    if (walk == NULL)
        return;
    gzip_reader_close(&walk->reader);
    gzip_places_close(&walk->places);
    free(walk);
}

static void provide_room(struct gzip_walk *walk)
{
    walk->reader.run.out = walk->output;
    walk->reader.run.room = WALK_OUTPUT;
}

/* Passes on what was put out since room was provided. */
static int pass_plain(struct gzip_walk *walk)
{
    const size_t length = WALK_OUTPUT - walk->reader.run.room;

    walk->walk.file = gzip_reader_offset(&walk->reader);
    if (!checked_add(walk->plain, length, &walk->plain) || walk->plain > OFFSET_MAX)
        return -EOVERFLOW;
    if (length == 0 || walk->sink->plain == NULL)
        return 0;
    return walk->sink->plain(walk->sink->argument, walk->output, length);
}

static void end_gzip_walk(struct gzip_walk *walk, enum codec_end end)
{
    walk->walk.end = end;
    if (end != CODEC_WHOLE)
        walk->walk.file = walk->walk.unit = walk->reader.member;
}

static int begin_gzip_member(struct gzip_walk *walk)
{
    walk->walk.unit = walk->reader.member;
    walk->block = gzip_reader_point(&walk->reader);
    walk->block_plain = walk->plain;
    return gzip_places_offer_member(&walk->places, walk->walk.unit, walk->plain);
}

static int end_gzip_member(struct gzip_walk *walk, bool is_right)
{
    const uint64_t from = walk->walk.plain;

    walk->walk.plain = walk->plain;
    if (is_right)
        return 0;
    gzip_places_note_damage(&walk->places);
    return walk->sink->damage(walk->sink->argument, from, walk->plain, walk->walk.unit);
}

static int offer_block(struct gzip_walk *walk)
{
    walk->block = gzip_reader_point(&walk->reader);
    walk->block_plain = walk->plain;
    if (!gzip_places_is_due(&walk->places, walk->block.file, walk->plain))
        return 0;
    const struct gzip_start start = {.at = walk->block, .is_inside = false};
    walk->places.check = walk->reader.crc;
    return gzip_places_offer(&walk->places, &start, walk->plain, &walk->reader.run);
}

/* Some programs write one block for everything. Then the next place is inside it. */
static bool is_long_block(const struct gzip_walk *walk)
{
    return walk->reader.phase == GZIP_IN_BODY && walk->plain - walk->block_plain >= CODEC_STEP &&
           gzip_places_is_due(&walk->places, walk->walk.file, walk->plain);
}

static int offer_inside(struct gzip_walk *walk, enum gzip_event *event)
{
    provide_room(walk);
    int error = gzip_reader_drain(&walk->reader, event);
    if (error == 0)
        error = pass_plain(walk);
    if (error != 0 || *event != GZIP_READS_ON || walk->reader.phase != GZIP_IN_BODY ||
        !inflate_run_is_inside(&walk->reader.run))
        return error;
    const struct gzip_start start = {gzip_reader_point(&walk->reader), true, walk->block};
    walk->places.check = walk->reader.crc;
    return gzip_places_offer(&walk->places, &start, walk->plain, &walk->reader.run);
}

static int act_on(struct gzip_walk *walk, enum gzip_event event)
{
    switch (event) {
    case GZIP_READS_ON:
        return 0;
    case GZIP_BEGUN:
        return begin_gzip_member(walk);
    case GZIP_BLOCK_ENDED:
        return offer_block(walk);
    case GZIP_MEMBER_RIGHT:
    case GZIP_MEMBER_WRONG:
        return end_gzip_member(walk, event == GZIP_MEMBER_RIGHT);
    case GZIP_FILE_ENDED:
        end_gzip_walk(walk, CODEC_WHOLE);
        return 0;
    case GZIP_FILE_CUT:
        end_gzip_walk(walk, CODEC_CUT);
        return 0;
    case GZIP_MEMBER_LOST:
    case GZIP_NO_MEMBER:
        end_gzip_walk(walk, CODEC_LOST);
        return 0;
    }
    return 0;
}

static int take_gzip_step(struct gzip_walk *walk)
{
    enum gzip_event event = GZIP_READS_ON;

    provide_room(walk);
    int error = gzip_reader_step(&walk->reader, walk->file, true, &event);
    if (error == 0)
        error = pass_plain(walk);
    if (error == 0 && event == GZIP_READS_ON && is_long_block(walk))
        error = offer_inside(walk, &event);
    return error != 0 ? error : act_on(walk, event);
}

int gzip_walk_on(struct codec_walk *codec_walk, uint64_t most)
{
    struct gzip_walk *walk = gzip_walk_of(codec_walk);
    const uint64_t file = codec_walk->file;
    const uint64_t plain = walk->plain;
    uint64_t most_plain = 0;
    int error = 0;

    if (!checked_mul(most, PLAIN_FOR_FILE, &most_plain))
        most_plain = UINT64_MAX;
    do
        error = take_gzip_step(walk);
    while (error == 0 && codec_walk->end == CODEC_GOES_ON && codec_walk->file - file < most &&
           walk->plain - plain < most_plain);
    return error;
}

#endif
