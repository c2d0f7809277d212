/* SPDX-License-Identifier: MIT */
#include "core/record/record_ends.h"

#include <errno.h>
#include <time.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"

enum { CANCEL_POLL_MS = 50 }; /* how soon a waiting thread notices that it was cancelled */

static void init_record_ends(void *note)
{
    struct record_ends *ends = note;

    pthread_mutex_init(&ends->lock, NULL);
    pthread_cond_init(&ends->settled, NULL);
    intervals_init(&ends->gaps, RECORD_ENDS_MOST);
    list_reset(&ends->claims);
}

static void destroy_record_ends(void *note)
{
    struct record_ends *ends = note;

    assert(list_empty(&ends->claims));
    intervals_destroy(&ends->gaps);
    pthread_cond_destroy(&ends->settled);
    pthread_mutex_destroy(&ends->lock);
}

/* The lock is held. */
static void forget_all_ends(struct record_ends *ends)
{
    intervals_clear(&ends->gaps);
    ends->era++;
}

static void change_record_ends(void *note, enum content_change change)
{
    struct record_ends *ends = note;

    HOLD_LOCK(&ends->lock);
    if (change != CONTENT_MOVED)
        ends->grown = true;
    if (change != CONTENT_GREW)
        forget_all_ends(ends);
}

const struct note_type record_ends_note = {
    .name = "record ends",
    .size = sizeof(struct record_ends),
    .init = init_record_ends,
    .destroy = destroy_record_ends,
    .changed = change_record_ends,
};

void record_ends_forget(struct record_ends *ends)
{
    HOLD_LOCK(&ends->lock);
    forget_all_ends(ends);
}

uint64_t record_ends_era(struct record_ends *ends)
{
    HOLD_LOCK(&ends->lock);
    return ends->era;
}

bool record_ends_have_grown(struct record_ends *ends)
{
    HOLD_LOCK(&ends->lock);
    return ends->grown;
}

/* Whether a thread is scanning the byte at `place`. The lock is held. */
static bool is_claimed(const struct record_ends *ends, uint64_t place)
{
    for (const struct list *link = ends->claims.next; link != &ends->claims; link = link->next) {
        const struct scan_claim *claim = list_object(link, const struct scan_claim, link);
        if (place >= claim->start && place < claim->end)
            return true;
    }
    return false;
}

/* The end of a step from `place`: no later than the next claim. The lock is held. */
static uint64_t before_next_claim(const struct record_ends *ends, uint64_t place, uint64_t end)
{
    for (const struct list *link = ends->claims.next; link != &ends->claims; link = link->next) {
        const struct scan_claim *claim = list_object(link, const struct scan_claim, link);
        if (claim->start > place)
            end = min_u64(end, claim->start);
    }
    return end;
}

/*
 * Follows the known gaps from *place. Returns true with the place of a record end, or false with
 * the first unknown place. The lock is held.
 */
static bool follow_gaps(const struct record_ends *ends, uint64_t *place)
{
    for (;;) {
        const struct interval *gap = intervals_before(&ends->gaps, *place);
        if (gap == NULL || gap->end < *place || (gap->end == *place && gap->kind == GAP_OPEN))
            return false;
        *place = gap->end;
        if (gap->kind == GAP_CLOSED)
            return true;
    }
}

static void wait_for_claims(struct record_ends *ends)
{
    const struct timespec deadline = clock_in_ms(CANCEL_POLL_MS);
    (void)pthread_cond_clockwait(&ends->settled, &ends->lock, CLOCK_MONOTONIC, &deadline);
}

int record_ends_next(struct record_ends *ends, uint64_t place, uint64_t size, uint64_t step,
                     const struct cancel *cancel, struct scan_claim *claim, uint64_t *found)
{
    HOLD_LOCK(&ends->lock);
    for (;;) {
        if (cancel_asked(cancel))
            return -CANCELLED;
        if (follow_gaps(ends, &place) && place < size) {
            *found = place;
            return SCAN_FOUND;
        }
        if (place >= size)
            return SCAN_NONE;
        if (!is_claimed(ends, place))
            break;
        wait_for_claims(ends);
    }
    size_t next = intervals_after(&ends->gaps, place);
    claim->start = place;
    claim->end = place + min_u64(step, size - place);
    if (next < ends->gaps.count)
        claim->end = min_u64(claim->end, ends->gaps.items[next].start);
    claim->end = before_next_claim(ends, place, claim->end);
    claim->era = ends->era;
    list_reset(&claim->link);
    list_append(&ends->claims, &claim->link);
    return SCAN_STEP;
}

/* Adds a gap, joined with the open gaps that it touches. The lock is held. */
static void learn_gap(struct record_ends *ends, struct interval gap)
{
    struct intervals *gaps = &ends->gaps;
    size_t next = intervals_after(gaps, gap.start);
    const struct interval *before = next > 0 ? &gaps->items[next - 1] : NULL;
    const struct interval *after = next < gaps->count ? &gaps->items[next] : NULL;

    if (gap.kind == GAP_OPEN && after != NULL && after->start == gap.end) {
        gap.end = after->end;
        gap.kind = after->kind;
        intervals_remove(gaps, next, 1);
    }
    if (before != NULL && before->kind == GAP_OPEN && before->end == gap.start) {
        gap.start = before->start;
        intervals_remove(gaps, next - 1, 1);
    }
    (void)intervals_insert(gaps, gap); /* without memory it is forgotten */
}

void record_ends_settle(struct record_ends *ends, struct scan_claim *claim, uint64_t scanned_to,
                        bool ends_record)
{
    HOLD_LOCK(&ends->lock);
    list_remove(&claim->link);
    if (claim->era == ends->era && (scanned_to > claim->start || ends_record))
        learn_gap(ends,
                  (struct interval){claim->start, scanned_to, ends_record ? GAP_CLOSED : GAP_OPEN});
    pthread_cond_broadcast(&ends->settled);
}

bool record_ends_recall_prefix(struct record_ends *ends, uint64_t count, uint64_t size,
                               struct record_prefix *prefix)
{
    HOLD_LOCK(&ends->lock);
    *prefix = ends->prefix;
    return prefix->era == ends->era && prefix->count == count && prefix->boundary <= size &&
           (prefix->boundary != prefix->size || prefix->size == size);
}

void record_ends_remember_prefix(struct record_ends *ends, const struct record_prefix *prefix)
{
    HOLD_LOCK(&ends->lock);
    ends->prefix = *prefix;
}
