/* SPDX-License-Identifier: MIT */
#include "core/index/index_count.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/content/holes.h"
#include "core/content/scan.h"

/* The record ends of a stretch, by blocks from `first` on. */
struct tally {
    struct record_index *index;
    uint64_t first;
    uint64_t scanned; /* bytes */
    uint32_t counts[INDEX_GROUP];
};

static bool tally_bytes(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct tally *tally = argument;

    tally->scanned += length;
    while (length > 0) {
        size_t part = (size_t)min_u64(length, INDEX_BLOCK - offset % INDEX_BLOCK);
        tally->counts[offset / INDEX_BLOCK - tally->first] +=
            (uint32_t)tally->index->format->count_ends(bytes, part);
        bytes += part;
        offset += part;
        length -= part;
    }
    return true;
}

static bool tally_hole(void *argument, uint64_t offset, uint64_t length)
{
    struct tally *tally = argument;
    (void)offset;
    (void)length;
    atomic_store(&tally->index->holes, true);
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
    struct tally tally = {.index = index, .first = start / INDEX_BLOCK};

    if (start >= end)
        return 0;
    end = index_step_end(start, end);
    int error = scan(reading, start, end, &counter, &tally);
    atomic_fetch_add(&reading->source->pool->bytes_scanned, tally.scanned);
    if (error != 0)
        return error;
    uint64_t after = (end - 1) / INDEX_BLOCK + 1;
    return record_index_add_blocks(index, tally.first, tally.counts, (size_t)(after - tally.first));
}

int index_pass_hole(const struct reading *reading, struct record_index *index, uint64_t start,
                    uint64_t *next)
{
    uint64_t data = start;
    int error = holes_seek(reading, EXTENT_DATA, start, index->size, &data);

    *next = start;
    if (error != 0 || (data < index->size && data < index_step_end(start, index->size)))
        return error;
    atomic_store(&index->holes, true);
    *next = data < index->size ? data / INDEX_STEP * INDEX_STEP : index->size;
    return 0;
}
