/* SPDX-License-Identifier: MIT */
/*
 * Shared by tests of record_ends: layouts, and searches in them.
 *
 * A layout says which bytes end records. "Scanning" a claim reads the layout and marks the bytes as
 * scanned: marking one twice fails the test. Any thread may search a layout.
 */
#ifndef BIGFS_TESTS_RECORD_LAYOUT_H
#define BIGFS_TESTS_RECORD_LAYOUT_H

#include "tests/unit/support.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/record/record_ends.h"

struct layout {
    uint64_t size;
    bool *ends;           /* whether the byte ends a record */
    atomic_bool *scanned; /* whether it was scanned already */
    bool forgets;         /* more than can be kept: then bytes may be scanned again */
    struct record_ends known;
};

static inline void layout_make(struct layout *layout, uint64_t size)
{
    *layout = (struct layout){.size = size};
    layout->ends = calloc(size + 1, sizeof(*layout->ends));
    layout->scanned = calloc(size + 1, sizeof(*layout->scanned));
    assert_non_null(layout->ends);
    assert_non_null(layout->scanned);
    record_ends_note.init(&layout->known);
}

static inline void layout_free(struct layout *layout)
{
    record_ends_note.destroy(&layout->known);
    free(layout->ends);
    free(layout->scanned);
}

/* Records of one of several shapes: all long, all short, mixed, runs of empty ones, none. */
static inline void layout_fill(struct layout *layout, struct random *random)
{
    const unsigned shape = (unsigned)random_below(random, 5);
    const uint64_t typical[] = {4000, 3, 100, 1, UINT64_MAX};

    for (uint64_t at = 0; at < layout->size; at++) {
        uint64_t one_in = typical[shape];
        if (shape == 3 && at / 64 % 2 == 0)
            one_in = 500;
        layout->ends[at] = one_in != UINT64_MAX && random_below(random, one_in) == 0;
    }
}

/* The first record end at or after `place`, or `size`. */
static inline uint64_t model_find(const struct layout *layout, uint64_t place, uint64_t size)
{
    while (place < size && !layout->ends[place])
        place++;
    return min_u64(place, size);
}

static inline void mark_scanned(struct layout *layout, uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < end; at++)
        THREAD_CHECK(!atomic_exchange(&layout->scanned[at], true) || layout->forgets);
}

/* How a step ends: as a scan does, cancelled before it began, or cut short. */
enum search_result { WHOLE, NOTHING, SHORT };

static inline uint64_t scan_claim(struct layout *layout, struct scan_claim *claim,
                                  enum search_result outcome, struct random *random)
{
    uint64_t until = claim->end;

    if (outcome == NOTHING)
        until = claim->start;
    if (outcome == SHORT)
        until = random_between(random, claim->start, claim->end);
    uint64_t end = model_find(layout, claim->start, until);
    bool ends_record = end < until;
    mark_scanned(layout, claim->start, end + (ends_record ? 1 : 0));
    record_ends_settle(&layout->known, claim, end, ends_record);
    return end;
}

static inline enum search_result random_outcome(struct random *random)
{
    const enum search_result outcomes[] = {WHOLE, WHOLE, WHOLE, NOTHING, SHORT};
    return outcomes[random_below(random, LENGTH_OF(outcomes))];
}

/* Searches as core/record/boundary.c does. Returns the place found, or `size`, or -CANCELLED in
 * *error. */
static inline uint64_t search(struct layout *layout, uint64_t place, uint64_t size,
                              uint64_t most_step, const struct cancel *cancel,
                              struct random *random, int *error)
{
    for (;;) {
        struct scan_claim claim;
        uint64_t found = size;
        uint64_t step = random_between(random, 1, most_step);
        int next = record_ends_next(&layout->known, place, size, step, cancel, &claim, &found);

        *error = next < 0 ? next : 0;
        if (next != SCAN_STEP)
            return next == SCAN_FOUND ? found : size;
        THREAD_CHECK(claim.start >= place && claim.start < claim.end && claim.end <= size);
        THREAD_CHECK(claim.end - claim.start <= step);
        uint64_t scanned_to = scan_claim(layout, &claim, random_outcome(random), random);
        if (random_chance(random, 50))
            place = scanned_to;
    }
}

/* What is remembered is sorted, disjoint and true of the layout. */
static inline void check_known_gaps(const struct layout *layout)
{
    const struct record_ends *ends = &layout->known;
    uint64_t last_end = 0;

    assert_in_range(ends->gaps.count, 0, RECORD_ENDS_MOST);
    for (size_t i = 0; i < ends->gaps.count; i++) {
        const struct interval *gap = &ends->gaps.items[i];
        const bool closed = gap->kind == GAP_CLOSED;
        assert_true(i == 0 || gap->start >= last_end);
        assert_int_equal(model_find(layout, gap->start, gap->end), gap->end);
        if (closed)
            assert_true(layout->ends[gap->end]);
        else
            assert_true(gap->start < gap->end);
        last_end = gap->end + (closed ? 1 : 0);
    }
}

/* Checks that what was found once is known: the same search needs no step. */
static inline void check_known(struct layout *layout, uint64_t place, uint64_t size)
{
    struct scan_claim claim;
    uint64_t found = size;
    uint64_t expected = model_find(layout, place, size);
    int next = record_ends_next(&layout->known, place, size, 1, NULL, &claim, &found);

    assert_int_equal(next, expected < size ? SCAN_FOUND : SCAN_NONE);
    if (next == SCAN_FOUND)
        assert_int_equal(found, expected);
}

/* Scans the `length` bytes at `start` of an imaginary file. */
static inline void teach(struct record_ends *ends, uint64_t start, uint64_t length, bool closed)
{
    struct scan_claim claim;
    uint64_t found = 0;
    int next = record_ends_next(ends, start, OFFSET_MAX, length + 1, NULL, &claim, &found);
    assert_int_equal(next, SCAN_STEP);
    assert_int_equal(claim.start, start);
    record_ends_settle(ends, &claim, start + length, closed);
    assert_in_range(ends->gaps.count, 1, RECORD_ENDS_MOST);
}

/*
 * Where a search from `start` begins to scan; where it finds something: there, and *known is set.
 */
static inline uint64_t first_unknown(struct record_ends *ends, uint64_t start, bool *known)
{
    struct scan_claim claim;
    uint64_t found = 0;
    int next = record_ends_next(ends, start, OFFSET_MAX, 1, NULL, &claim, &found);

    *known = next == SCAN_FOUND;
    if (next != SCAN_STEP)
        return found;
    record_ends_settle(ends, &claim, claim.start, false);
    return claim.start;
}

#endif
