#include "core/record/scan_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"

enum { CANCEL_POLL_MS = 50 }; /* how soon a waiting thread notices that it was cancelled */

void scan_memory_init(struct scan_memory *memory)
{
    memset(memory, 0, sizeof(*memory));
    pthread_mutex_init(&memory->lock, NULL);
    pthread_cond_init(&memory->settled, NULL);
    intervals_init(&memory->gaps, SCAN_MEMORY_MOST);
    list_reset(&memory->claims);
}

void scan_memory_destroy(struct scan_memory *memory)
{
    assert(list_empty(&memory->claims));
    intervals_destroy(&memory->gaps);
    pthread_cond_destroy(&memory->settled);
    pthread_mutex_destroy(&memory->lock);
}

void scan_memory_forget(struct scan_memory *memory)
{
    HOLD_LOCK(&memory->lock);
    intervals_clear(&memory->gaps);
    memory->era++;
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
        const struct interval *gap = intervals_before(&memory->gaps, *place);
        if (gap == NULL || gap->end < *place || (gap->end == *place && gap->kind == GAP_OPEN))
            return false;
        *place = gap->end;
        if (gap->kind == GAP_CLOSED)
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
            return -CANCELLED;
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
    size_t next = intervals_after(&memory->gaps, place);
    claim->start = place;
    claim->end = place + min_u64(step, size - place);
    if (next < memory->gaps.count)
        claim->end = min_u64(claim->end, memory->gaps.items[next].start);
    claim->end = before_next_claim(memory, place, claim->end);
    claim->era = memory->era;
    list_reset(&claim->link);
    list_append(&memory->claims, &claim->link);
    return SCAN_STEP;
}

/* Adds a gap, joined with the open gaps that it meets at either end. The lock is held. */
static void learn(struct scan_memory *memory, struct interval gap)
{
    struct intervals *gaps = &memory->gaps;
    size_t next = intervals_after(gaps, gap.start);
    const struct interval *before = next > 0 ? &gaps->items[next - 1] : NULL;
    const struct interval *behind = next < gaps->count ? &gaps->items[next] : NULL;

    if (gap.kind == GAP_OPEN && behind != NULL && behind->start == gap.end) {
        gap.end = behind->end;
        gap.kind = behind->kind;
        intervals_remove(gaps, next, 1);
    }
    if (before != NULL && before->kind == GAP_OPEN && before->end == gap.start) {
        gap.start = before->start;
        intervals_remove(gaps, next - 1, 1);
    }
    (void)intervals_insert(gaps, gap); /* without memory it is forgotten */
}

void scan_memory_settle(struct scan_memory *memory, struct scan_claim *claim, uint64_t scanned_to,
                        bool ends_record)
{
    HOLD_LOCK(&memory->lock);
    list_remove(&claim->link);
    if (claim->era == memory->era && (scanned_to > claim->start || ends_record))
        learn(memory,
              (struct interval){claim->start, scanned_to, ends_record ? GAP_CLOSED : GAP_OPEN});
    pthread_cond_broadcast(&memory->settled);
}
