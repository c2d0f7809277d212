/* SPDX-License-Identifier: MIT */
#include "core/index/index_count.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/content/holes.h"
#include "core/content/scan.h"
#include "core/index/index_step.h"

/* The record ends of a stretch, for each state that it may begin in, or for the one that holds. */
struct tally {
    struct record_index *index;
    struct index_step *step;
    uint64_t scanned; /* bytes */
    bool knows;       /* the state at the start of the step: others need not be counted */
    uint8_t state;    /* if it is known: after what was counted */
    uint8_t begun_in; /* the state at the start of the last block */
    const struct record_effect *last; /* of that block; NULL: none yet */
};

static struct record_effect *effect_at(const struct tally *tally, uint64_t offset)
{
    return &tally->step->blocks[offset / INDEX_BLOCK - tally->step->start / INDEX_BLOCK];
}

/* Notes the state in which a block begins, if `effect` is that of another block than the last. */
static void enter_block(struct tally *tally, const struct record_effect *effect)
{
    if (effect != tally->last)
        tally->begun_in = tally->state;
    tally->last = effect;
}

/* Counts bytes of a block for the state that it begins in, or for each if that is not known. */
static void count_part(struct tally *tally, const uint8_t *bytes, size_t length,
                       struct record_effect *effect)
{
    const struct record_format *format = tally->index->format;

    if (!tally->knows) {
        record_format_pass(format, bytes, length, effect);
        return;
    }
    enter_block(tally, effect);
    effect->ends[tally->begun_in] +=
        format->count_ends(format, bytes, length, &effect->to[tally->begun_in]);
    tally->state = effect->to[tally->begun_in];
}

/* The same for zeros, which cost nothing in any state. */
static void count_zeros(struct tally *tally, uint64_t length, struct record_effect *effect)
{
    enter_block(tally, effect);
    record_format_pass_zeros(tally->index->format, length, effect);
    tally->state = effect->to[tally->begun_in];
}

static uint64_t part_in_block(uint64_t offset, uint64_t length)
{
    return min_u64(length, INDEX_BLOCK - offset % INDEX_BLOCK);
}

static bool tally_bytes(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct tally *tally = argument;

    tally->scanned += length;
    while (length > 0) {
        size_t part = (size_t)part_in_block(offset, length);
        count_part(tally, bytes, part, effect_at(tally, offset));
        bytes += part;
        offset += part;
        length -= part;
    }
    return true;
}

static bool tally_hole(void *argument, uint64_t offset, uint64_t length)
{
    struct tally *tally = argument;

    atomic_store(&tally->index->holes, true);
    while (length > 0) {
        uint64_t part = part_in_block(offset, length);
        count_zeros(tally, part, effect_at(tally, offset));
        offset += part;
        length -= part;
    }
    return true;
}

static const struct scan_visitor counter = {.data = tally_bytes, .hole = tally_hole};

uint64_t index_step_end(uint64_t start, uint64_t end)
{
    return min_u64(end, (start / INDEX_STEP + 1) * INDEX_STEP);
}

int index_count(const struct reading *reading, uint64_t start, uint64_t end,
                struct record_index *index)
{
    if (start >= end)
        return 0;
    end = index_step_end(start, end);
    struct tally tally = {.index = index, .step = index_step_new(start, end)};
    if (tally.step == NULL)
        return -ENOMEM;
    tally.knows = index_step_knows(index, start, &tally.state);
    int error = scan(reading, start, end, &counter, &tally);
    atomic_fetch_add(&reading->source->pool->bytes_scanned, tally.scanned);
    if (error == 0)
        return index_step_add(index, tally.step);
    free(tally.step);
    return error;
}

int index_pass_hole(const struct reading *reading, struct record_index *index, uint64_t start,
                    uint64_t *next)
{
    uint64_t data = start;

    *next = start;
    if (index->format->zeros_end)
        return 0;
    int error = holes_seek(reading, EXTENT_DATA, start, index->size, &data);
    if (error != 0 || (data < index->size && data < index_step_end(start, index->size)))
        return error;
    atomic_store(&index->holes, true);
    *next = data < index->size ? data / INDEX_STEP * INDEX_STEP : index->size;
    return index->format->states > 1 ? index_step_add_hole(index, start, *next) : 0;
}

/* --- content that comes in order -------------------------------------------------------------- */

struct index_feed {
    struct record_index *index; /* a reference; as large as can be, until the size is known */
    struct tally tally;         /* its step is owned, and lasts to the end of its group */
    uint64_t size;
};

static int begin_fed_step(struct index_feed *feed)
{
    struct index_step *step = index_step_new(feed->size, feed->size + INDEX_STEP);

    if (step == NULL)
        return -ENOMEM;
    feed->tally.step = step;
    feed->tally.last = NULL;
    return 0;
}

static int end_fed_step(struct index_feed *feed)
{
    struct index_step *step = feed->tally.step;

    feed->tally.step = NULL;
    step->end = feed->size;
    return index_step_add(feed->index, step);
}

struct index_feed *index_feed_new(const struct record_format *format)
{
    struct index_feed *feed = calloc(1, sizeof(*feed));

    if (feed == NULL)
        return NULL;
    feed->index = record_index_new(format, OFFSET_MAX, NULL);
    feed->tally = (struct tally){.index = feed->index, .knows = true};
    if (feed->index == NULL || begin_fed_step(feed) != 0) {
        index_feed_free(feed);
        return NULL;
    }
    return feed;
}

void index_feed_free(struct index_feed *feed)
{
    if (feed == NULL)
        return;
    free(feed->tally.step);
    record_index_unref(feed->index);
    free(feed);
}

int index_feed_add(void *argument, const uint8_t *bytes, size_t length)
{
    struct index_feed *feed = argument;
    int error = 0;

    while (length > 0 && error == 0) {
        const size_t part = (size_t)min_u64(length, INDEX_STEP - feed->size % INDEX_STEP);
        (void)tally_bytes(&feed->tally, bytes, part, feed->size);
        feed->size += part;
        bytes += part;
        length -= part;
        if (feed->size % INDEX_STEP == 0)
            error = end_fed_step(feed);
        if (feed->size % INDEX_STEP == 0 && error == 0)
            error = begin_fed_step(feed);
    }
    return error;
}

uint64_t index_feed_size(const struct index_feed *feed)
{
    return feed->size;
}

struct record_index *index_feed_end(struct index_feed *feed)
{
    if (feed->size % INDEX_STEP != 0 && end_fed_step(feed) != 0)
        return NULL;
    return record_index_new(feed->index->format, feed->size, feed->index);
}
