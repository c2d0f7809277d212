#include "core/scan_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/checked.h"
#include "core/cleanup.h"

enum {
    FIRST_CAPACITY = 16,
    CANCEL_POLL_MS = 50, /* how soon a waiting thread notices that it was cancelled */
    SHORTEST_KEPT = 4096,
};

void scan_memory_init(struct scan_memory *memory)
{
    memset(memory, 0, sizeof(*memory));
    pthread_mutex_init(&memory->lock, NULL);
    pthread_cond_init(&memory->settled, NULL);
    list_reset(&memory->claims);
}

void scan_memory_destroy(struct scan_memory *memory)
{
    assert(list_empty(&memory->claims));
    free(memory->gaps);
    pthread_cond_destroy(&memory->settled);
    pthread_mutex_destroy(&memory->lock);
}

/* The index of the first gap that starts after `place`. The lock is held. */
static size_t first_after(const struct scan_memory *memory, uint64_t place)
{
    size_t low = 0;
    size_t high = memory->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memory->gaps[middle].start <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether somebody scans the byte at `place` just now. The lock is held. */
static bool is_claimed(const struct scan_memory *memory, uint64_t place)
{
    for (const struct list *link = memory->claims.next; link != &memory->claims;
         link = link->next) {
        const struct scan_claim *claim = list_object(link, const struct scan_claim, link);
        if (place >= claim->start && place < claim->end)
            return true;
    }
    return false;
}

/* Where a step from `place` must end at the latest: at the next claim. The lock is held. */
static uint64_t before_next_claim(const struct scan_memory *memory, uint64_t place, uint64_t end)
{
    for (const struct list *link = memory->claims.next; link != &memory->claims;
         link = link->next) {
        const struct scan_claim *claim = list_object(link, const struct scan_claim, link);
        if (claim->start > place)
            end = min_u64(end, claim->start);
    }
    return end;
}

/*
 * Follows the known gaps from *place. Returns true with the place of a record end, or false with
 * the first place of which nothing is known. The lock is held.
 */
static bool follow_gaps(const struct scan_memory *memory, uint64_t *place)
{
    for (;;) {
        size_t next = first_after(memory, *place);
        const struct gap *gap = next > 0 ? &memory->gaps[next - 1] : NULL;
        if (gap == NULL || gap->end < *place || (gap->end == *place && !gap->closed))
            return false;
        *place = gap->end;
        if (gap->closed)
            return true;
    }
}

static void wait_for_claims(struct scan_memory *memory)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_nsec += CANCEL_POLL_MS * 1000000L;
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_nsec -= 1000000000L;
        deadline.tv_sec++;
    }
    (void)pthread_cond_clockwait(&memory->settled, &memory->lock, CLOCK_MONOTONIC, &deadline);
}

int scan_memory_next(struct scan_memory *memory, uint64_t place, uint64_t size, uint64_t step,
                     const struct cancel *cancel, struct scan_claim *claim, uint64_t *found)
{
    HOLD_LOCK(&memory->lock);
    for (;;) {
        if (cancel_asked(cancel))
            return -EINTR;
        if (follow_gaps(memory, &place) && place < size) {
            *found = place;
            return SCAN_FOUND;
        }
        if (place >= size)
            return SCAN_NONE;
        if (!is_claimed(memory, place))
            break;
        wait_for_claims(memory);
    }
    size_t next = first_after(memory, place);
    claim->start = place;
    claim->end = place + min_u64(step, size - place);
    if (next < memory->count)
        claim->end = min_u64(claim->end, memory->gaps[next].start);
    claim->end = before_next_claim(memory, place, claim->end);
    list_reset(&claim->link);
    list_append(&memory->claims, &claim->link);
    return SCAN_STEP;
}

/*
 * Drops closed gaps, the shortest first, until half of the room is free; open ones (scans that were
 * cancelled) only where they alone fill it. The lock is held.
 */
static void forget_short_gaps(struct scan_memory *memory)
{
    for (uint64_t shortest = SHORTEST_KEPT;
         memory->count > SCAN_MEMORY_MOST / 2 && shortest < OFFSET_MAX; shortest *= 2) {
        size_t kept = 0;
        for (size_t i = 0; i < memory->count; i++) {
            const struct gap gap = memory->gaps[i];
            if (!gap.closed || gap.end - gap.start >= shortest)
                memory->gaps[kept++] = gap;
        }
        memory->count = kept;
    }
    if (memory->count > SCAN_MEMORY_MOST / 2)
        memory->count = 0;
}

static bool make_room(struct scan_memory *memory)
{
    if (memory->count >= SCAN_MEMORY_MOST)
        forget_short_gaps(memory);
    if (memory->count < memory->capacity)
        return true;
    size_t capacity = memory->capacity > 0 ? 2 * memory->capacity : FIRST_CAPACITY;
    struct gap *gaps = reallocarray(memory->gaps, capacity, sizeof(*gaps));
    if (gaps == NULL)
        return false;
    memory->gaps = gaps;
    memory->capacity = capacity;
    return true;
}

/* Adds a gap, joined with the open gap that ends where it starts. The lock is held. */
static void learn(struct scan_memory *memory, struct gap gap)
{
    size_t at = first_after(memory, gap.start);
    struct gap *before = at > 0 ? &memory->gaps[at - 1] : NULL;

    if (before != NULL && !before->closed && before->end == gap.start) {
        before->end = gap.end;
        before->closed = gap.closed;
    } else if (make_room(memory)) {
        at = first_after(memory, gap.start); /* make_room may have moved them */
        memmove(&memory->gaps[at + 1], &memory->gaps[at],
                (memory->count - at) * sizeof(memory->gaps[0]));
        memory->gaps[at] = gap;
        memory->count++;
        at++;
    } else {
        return;
    }
    /* `at` is the gap behind: the two are one where this scan has reached it. */
    struct gap *joined = &memory->gaps[at - 1];
    if (at < memory->count && !joined->closed && memory->gaps[at].start == joined->end) {
        joined->end = memory->gaps[at].end;
        joined->closed = memory->gaps[at].closed;
        memory->count--;
        memmove(&memory->gaps[at], &memory->gaps[at + 1],
                (memory->count - at) * sizeof(memory->gaps[0]));
    }
}

void scan_memory_settle(struct scan_memory *memory, struct scan_claim *claim, uint64_t scanned_to,
                        bool ends_record)
{
    HOLD_LOCK(&memory->lock);
    list_remove(&claim->link);
    if (scanned_to > claim->start || ends_record)
        learn(memory, (struct gap){claim->start, scanned_to, ends_record});
    pthread_cond_broadcast(&memory->settled);
}
