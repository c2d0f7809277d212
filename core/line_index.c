#include "core/line_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"

static size_t blocks_of(uint64_t size)
{
    return (size_t)(size / LINE_BLOCK + (size % LINE_BLOCK != 0 ? 1 : 0));
}

static size_t groups_of(const struct line_index *index)
{
    return (index->blocks + LINE_GROUP - 1) / LINE_GROUP;
}

struct line_index *line_index_new(uint64_t size, const struct line_index *old)
{
    struct line_index *index = calloc(1, sizeof(*index));
    if (index == NULL)
        return NULL;
    atomic_init(&index->references, 1);
    pthread_mutex_init(&index->lock, NULL);
    index->size = size;
    index->blocks = blocks_of(size);
    index->counts = calloc(index->blocks + 1, sizeof(index->counts[0]));
    index->before = calloc(groups_of(index) + 1, sizeof(index->before[0]));
    if (index->counts == NULL || index->before == NULL) {
        line_index_unref(index);
        return NULL;
    }
    if (old != NULL)
        atomic_init(&index->holes, atomic_load(&old->holes));
    if (old != NULL)
        memcpy(index->counts, old->counts, old->blocks * sizeof(index->counts[0]));
    return index;
}

void line_index_add(struct line_index *index, uint64_t offset, uint64_t line_ends)
{
    index->counts[offset / LINE_BLOCK] += (uint32_t)line_ends;
}

void line_index_finish(struct line_index *index, bool ends_open)
{
    uint64_t ends = 0;

    for (size_t block = 0; block < index->blocks; block++) {
        if (block % LINE_GROUP == 0)
            index->before[block / LINE_GROUP] = ends;
        ends += index->counts[block];
    }
    index->before[groups_of(index)] = ends;
    index->ends_open = ends_open;
}

struct line_index *line_index_ref(struct line_index *index)
{
    atomic_fetch_add(&index->references, 1);
    return index;
}

void line_index_unref(struct line_index *index)
{
    if (index == NULL || atomic_fetch_sub(&index->references, 1) != 1)
        return;
    pthread_mutex_destroy(&index->lock);
    free(index->counts);
    free(index->before);
    free(index);
}

uint64_t line_index_ends(const struct line_index *index)
{
    return index->before[groups_of(index)];
}

uint64_t line_index_lines(const struct line_index *index)
{
    return line_index_ends(index) + (index->ends_open ? 1 : 0);
}

uint64_t line_index_ends_before(const struct line_index *index, size_t block)
{
    size_t group = block / LINE_GROUP;
    uint64_t ends = index->before[group];
    for (size_t i = group * LINE_GROUP; i < block; i++)
        ends += index->counts[i];
    return ends;
}

/* The last group that has fewer than `nth` line ends before it. */
static size_t find_group(const struct line_index *index, uint64_t nth)
{
    size_t low = 0;
    size_t high = groups_of(index);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (index->before[middle] < nth)
            low = middle;
        else
            high = middle;
    }
    return low;
}

size_t line_index_find(const struct line_index *index, uint64_t *nth)
{
    size_t group = find_group(index, *nth);
    size_t block = group * LINE_GROUP;

    for (*nth -= index->before[group]; *nth > index->counts[block]; block++) {
        *nth -= index->counts[block];
        assert(block + 1 < index->blocks);
    }
    return block;
}

/* Lines at equal distances, such as the first ones of pieces, must not share a place. */
static struct found_line *place_of(struct line_index *index, uint64_t line)
{
    uint64_t hash = line * UINT64_C(0x9e3779b97f4a7c15);
    return &index->found[(hash >> 32) % LINES_REMEMBERED];
}

bool line_index_recall(struct line_index *index, uint64_t line, uint64_t *offset)
{
    HOLD_LOCK(&index->lock);
    const struct found_line *found = place_of(index, line);
    if (found->line != line || line == 0)
        return false;
    *offset = found->offset;
    return true;
}

void line_index_remember(struct line_index *index, uint64_t line, uint64_t offset)
{
    HOLD_LOCK(&index->lock);
    *place_of(index, line) = (struct found_line){line, offset};
}

size_t line_index_next_end(const struct line_index *index, size_t block)
{
    while (block < index->blocks && index->counts[block] == 0)
        block++;
    return block;
}
