/* SPDX-License-Identifier: MIT */
#include "core/base/intervals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"

enum {
    FIRST_CAPACITY = 16,
    SHORTEST_KEPT = 4096, /* intervals shorter than this are dropped first, in bytes */
};

void intervals_init(struct intervals *intervals, size_t most)
{
    *intervals = (struct intervals){.most = most};
}

void intervals_destroy(struct intervals *intervals)
{
    free(intervals->items);
}

void intervals_clear(struct intervals *intervals)
{
    free(intervals->items);
    intervals_init(intervals, intervals->most);
}

size_t intervals_after(const struct intervals *intervals, uint64_t place)
{
    size_t low = 0;
    size_t high = intervals->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intervals->items[middle].start <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct interval *intervals_before(const struct intervals *intervals, uint64_t place)
{
    size_t after = intervals_after(intervals, place);
    return after > 0 ? &intervals->items[after - 1] : NULL;
}

/* Drops the shortest intervals until half of the room is free. */
static void forget_short_ones(struct intervals *intervals)
{
    for (uint64_t shortest = SHORTEST_KEPT;
         intervals->count > intervals->most / 2 && shortest <= OFFSET_MAX; shortest *= 2) {
        size_t kept = 0;
        for (size_t i = 0; i < intervals->count; i++) {
            const struct interval item = intervals->items[i];
            if (item.end - item.start >= shortest)
                intervals->items[kept++] = item;
        }
        intervals->count = kept;
    }
}

static bool make_room(struct intervals *intervals)
{
    if (intervals->count >= intervals->most)
        forget_short_ones(intervals);
    if (intervals->count < intervals->capacity)
        return true;
    size_t capacity = intervals->capacity > 0 ? 2 * intervals->capacity : FIRST_CAPACITY;
    struct interval *items = reallocarray(intervals->items, capacity, sizeof(*items));
    if (items == NULL)
        return false;
    intervals->items = items;
    intervals->capacity = capacity;
    return true;
}

struct interval *intervals_insert(struct intervals *intervals, struct interval added)
{
    if (!make_room(intervals))
        return NULL;
    size_t at = intervals_after(intervals, added.start);
    assert(at == 0 || intervals->items[at - 1].end <= added.start);
    assert(at == intervals->count || intervals->items[at].start >= added.end);
    memmove(&intervals->items[at + 1], &intervals->items[at],
            (intervals->count - at) * sizeof(added));
    intervals->items[at] = added;
    intervals->count++;
    return &intervals->items[at];
}

void intervals_remove(struct intervals *intervals, size_t first, size_t count)
{
    memmove(&intervals->items[first], &intervals->items[first + count],
            (intervals->count - first - count) * sizeof(intervals->items[0]));
    intervals->count -= count;
}
