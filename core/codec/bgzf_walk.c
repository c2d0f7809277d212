/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/bgzf_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/codec/bgzf_inflate.h"

enum {
    /*
     * Reading two dozen bytes of each block is faster than reading all, as long as the blocks are
     * large. With blocks of this size, both take as long.
     */
    SMALL_BLOCK = 4 * 1024,
    AHEAD_OF_SMALL = 64 * 1024, /* bytes that are read at once among small blocks */
    PADDING_STEP = 64 * 1024,
    /* How far a block is looked for after what is not one. The next one begins before that. */
    SEARCH_LENGTH = BGZF_SIZE_MOST + BGZF_HEADER_USUAL,
    MAGIC_SIZE = 4,
};

/* What the walk is in the middle of. */
enum bgzf_stage {
    AT_UNIT,
    IN_MEMBER,
    IN_PADDING,
};

struct bgzf_walk {
    struct codec_walk base; /* the first: callers know this alone */
    const struct codec_file *file;
    const struct codec_sink *sink;
    struct bgzf_input input;
    enum bgzf_stage stage;
    uint64_t last_file; /* of the last place that was reported */
    uint64_t last_plain;
    bool has_told;
    struct bgzf_unit block; /* the last unit that was passed, if it is one */
    z_stream inflater;      /* zeros until something is decoded */
    uint8_t *decoded;       /* owned; NULL until then; BGZF_PLAIN_MOST bytes */
    struct bgzf_member member;
    uint64_t member_plain;
};

/* --- beginning and ending --------------------------------------------------------------------- */

int bgzf_walk_begin(const struct codec_file *file, const struct codec_place *from,
                    const struct codec_sink *sink, struct codec_walk **walk)
{
    struct bgzf_walk *made = calloc(1, sizeof(*made));
    const int error = made != NULL ? bgzf_input_make(&made->input, 0) : -ENOMEM;

    if (error != 0) {
        free(made);
        return error;
    }
    made->file = file;
    made->sink = sink;
    made->base.file = made->base.unit = from != NULL ? from->file : 0;
    made->base.plain = from != NULL ? from->plain : 0;
    *walk = &made->base;
    return 0;
}

void bgzf_walk_free(struct codec_walk *walk)
{
    struct bgzf_walk *made = (struct bgzf_walk *)walk;

    if (walk == NULL)
        return;
    (void)inflateEnd(&made->inflater);
    bgzf_input_free(&made->input);
    free(made->decoded);
    free(made);
}

/* If the walk ends within a unit, that unit does not count. */
static int end_walk(struct bgzf_walk *walk, enum codec_end end)
{
    walk->base.end = end;
    if (end != CODEC_WHOLE)
        walk->base.file = walk->base.unit;
    return 0;
}

/* --- units ------------------------------------------------------------------------------------ */

/* Tells the place that the walk is at, if it is far enough from the last. */
static int tell_place(struct bgzf_walk *walk)
{
    const struct codec_place place = {
        .file = walk->base.file,
        .plain = walk->base.plain,
        .starts_unit = true,
    };

    if (walk->has_told && !walk->sink->every_unit && place.plain - walk->last_plain < CODEC_STEP &&
        place.file - walk->last_file < CODEC_FILE_STEP)
        return 0;
    const int error = walk->sink->place(walk->sink->argument, &place);
    if (error != 0)
        return error;
    walk->has_told = true;
    walk->last_file = place.file;
    walk->last_plain = place.plain;
    return 0;
}

/* Goes on after a unit that ends at `file`. */
static int pass_unit(struct bgzf_walk *walk, uint64_t file, uint64_t plain)
{
    uint64_t end = 0;

    /* No file holds so much. Blocks that were counted do not say so, but a place may. */
    if (!checked_add(walk->base.plain, plain, &end) || end > OFFSET_MAX)
        return end_walk(walk, CODEC_LOST);
    walk->base.plain = end;
    walk->base.file = file;
    walk->stage = AT_UNIT;
    return 0;
}

static int prepare_to_decode(struct bgzf_walk *walk)
{
    if (walk->decoded == NULL)
        walk->decoded = malloc(BGZF_PLAIN_MOST);
    if (walk->decoded == NULL)
        return -ENOMEM;
    return walk->inflater.state == NULL ? bgzf_inflate_make(&walk->inflater) : 0;
}

/* Decodes a block, whose length is in doubt. Returns 0, -EBADMSG, -ENOMEM or a read error. */
static int check_block(struct bgzf_walk *walk, uint64_t at, const struct bgzf_unit *block)
{
    const uint8_t *bytes = NULL;
    int error = prepare_to_decode(walk);

    if (error == 0)
        error = bgzf_input_need(walk->file, &walk->input, at, block->size, &bytes);
    return error != 0 ? error : bgzf_inflate_block(&walk->inflater, bytes, block, walk->decoded);
}

static int take_block(struct bgzf_walk *walk, const struct bgzf_unit *block)
{
    /*
     * A reader of all bytes finds out if a block has more or fewer bytes than it says. But a block
     * that says that it has none may never be read.
     */
    if (block->plain == 0 && block->deflate > BGZF_DEFLATE_LEAST) {
        const int error = check_block(walk, walk->base.file, block);
        if (error != 0)
            return error == -EBADMSG ? end_walk(walk, CODEC_LOST) : error;
    }
    walk->input.ahead = block->size < SMALL_BLOCK ? AHEAD_OF_SMALL : 0;
    walk->block = *block;
    return pass_unit(walk, walk->base.file + block->size, block->plain);
}

static int begin_member(struct bgzf_walk *walk)
{
    const int error = prepare_to_decode(walk);

    if (error != 0)
        return error;
    (void)inflateReset(&walk->inflater);
    walk->block = (struct bgzf_unit){.kind = BGZF_MEMBER};
    walk->member = (struct bgzf_member){.at = walk->base.file};
    walk->member_plain = 0;
    walk->input.ahead = AHEAD_OF_SMALL;
    walk->stage = IN_MEMBER;
    return 0;
}

/* Decodes up to 64 KiB of a member. */
static int go_on_with_member(struct bgzf_walk *walk)
{
    struct bgzf_member *member = &walk->member;
    size_t length = 0;
    const int error = bgzf_inflate_member(walk->file, &walk->input, &walk->inflater, member,
                                          walk->decoded, BGZF_PLAIN_MOST, &length);
    if (error == -EBADMSG)
        return end_walk(walk, CODEC_LOST);
    if (error != 0)
        return error;
    walk->base.file = member->at;
    walk->member_plain += length; /* does not wrap in a lifetime */
    if (member->cut)
        return end_walk(walk, CODEC_CUT);
    return member->ended ? pass_unit(walk, member->at, walk->member_plain) : 0;
}

/* --- after the last unit ---------------------------------------------------------------------- */

static bool is_block(const uint8_t *bytes, size_t length)
{
    struct bgzf_unit unit;
    (void)bgzf_header(bytes, length, &unit);
    return unit.kind == BGZF_BLOCK;
}

/* Whether these bytes would begin a block if the first ones were right. */
static bool resembles_block(const uint8_t *bytes, size_t length)
{
    uint8_t mended[BGZF_HEADER_USUAL];

    if (length < sizeof(mended))
        return false;
    memcpy(mended, bytes, sizeof(mended));
    memcpy(mended, "\x1f\x8b\x08\x04", MAGIC_SIZE);
    return is_block(mended, sizeof(mended));
}

static bool has_block(const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;

    for (const uint8_t *at = bytes; at < end; at++) {
        at = memchr(at, 0x1f, (size_t)(end - at));
        if (at == NULL)
            return false;
        if (is_block(at, (size_t)(end - at)))
            return true;
    }
    return false;
}

/* Decides what begins at walk->base.file, if it is neither a unit nor zeros. */
static int judge_rest(struct bgzf_walk *walk)
{
    const size_t length = (size_t)min_u64(walk->file->size - walk->base.file, SEARCH_LENGTH);
    const uint8_t *bytes = NULL;
    const int error = bgzf_input_need(walk->file, &walk->input, walk->base.file, length, &bytes);

    if (error != 0)
        return error;
    if (walk->base.unit == 0 || resembles_block(bytes, length) || has_block(bytes, length))
        return end_walk(walk, CODEC_LOST);
    walk->base.file = walk->file->size;
    return end_walk(walk, CODEC_WHOLE);
}

/* Passes zeros. */
static int pass_padding(struct bgzf_walk *walk)
{
    const size_t length = (size_t)min_u64(walk->file->size - walk->base.file, PADDING_STEP);
    const uint8_t *bytes = NULL;
    size_t zeros = 0;

    if (length == 0)
        return end_walk(walk, walk->base.unit == 0 ? CODEC_LOST : CODEC_WHOLE);
    const int error = bgzf_input_need(walk->file, &walk->input, walk->base.file, length, &bytes);
    if (error != 0)
        return error;
    while (zeros < length && bytes[zeros] == 0)
        zeros++;
    walk->base.file += zeros;
    return zeros < length ? judge_rest(walk) : 0;
}

/* No unit starts where the last block ends. Checks whether that block really ends there. */
static int begin_padding(struct bgzf_walk *walk)
{
    if (walk->block.kind == BGZF_BLOCK && walk->block.size > 0) {
        const uint64_t start = walk->base.file - walk->block.size;
        const int error = check_block(walk, start, &walk->block);
        if (error == -EBADMSG) {
            walk->base.unit = start;
            walk->base.plain -= walk->block.plain;
            return end_walk(walk, CODEC_LOST);
        }
        if (error != 0)
            return error;
    }
    walk->stage = IN_PADDING;
    walk->input.ahead = 0;
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

static int take_unit(struct bgzf_walk *walk)
{
    struct bgzf_unit unit;
    int error = bgzf_look(walk->file, &walk->input, walk->base.file, false, &unit);

    /* The first place is always reported: there is no map without it. */
    if (error == 0 && (unit.kind == BGZF_BLOCK || unit.kind == BGZF_MEMBER || !walk->has_told))
        error = tell_place(walk);
    if (error != 0)
        return error;
    walk->base.unit = walk->base.file;
    switch (unit.kind) {
    case BGZF_BLOCK:
        return take_block(walk, &unit);
    case BGZF_MEMBER:
        return begin_member(walk);
    case BGZF_END:
        return end_walk(walk, CODEC_WHOLE);
    case BGZF_CUT:
        return end_walk(walk, CODEC_CUT);
    case BGZF_BROKEN:
        return end_walk(walk, CODEC_LOST);
    case BGZF_NOTHING:
        return begin_padding(walk);
    }
    return 0;
}

static int walk_step(struct bgzf_walk *walk)
{
    switch (walk->stage) {
    case AT_UNIT:
        return take_unit(walk);
    case IN_MEMBER:
        return go_on_with_member(walk);
    case IN_PADDING:
        return pass_padding(walk);
    }
    return 0;
}

int bgzf_walk_on(struct codec_walk *walk, uint64_t most)
{
    struct bgzf_walk *made = (struct bgzf_walk *)walk;
    const uint64_t start = walk->file;
    int error = 0;

    do
        error = walk_step(made);
    while (error == 0 && walk->end == CODEC_GOES_ON && walk->file - start < most);
    return error;
}
#endif
