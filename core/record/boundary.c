/* SPDX-License-Identifier: MIT */
#include "core/record/boundary.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/holes.h"
#include "core/content/scan.h"
#include "core/index/index_note.h"
#include "core/record/end_scan.h"
#include "core/record/record_ends.h"

enum {
    FIRST_STEP = 4096,       /* most records are shorter */
    JOINED_STEP = 64 * 1024, /* small extents are read together with the holes between them */
    LONGEST_STEP = 2048 * 1024,
    SEARCH_ATTEMPTS = 4, /* attempts to find both ends of a piece while its file changes */
};

/* --- one step --------------------------------------------------------------------------------- */

/*
 * Where a step from `place` ends. The first covers at least FIRST_STEP and ends with a page, as
 * half a page costs as much as a whole one. Later ones end at multiples of their length, so that no
 * large folio of the page cache belongs to two steps, and each can be dropped after its step.
 */
static uint64_t step_from(uint64_t place, uint64_t step)
{
    uint64_t end = place + step + (step == FIRST_STEP ? FIRST_STEP - 1 : 0);
    return end / step * step - place;
}

/* --- a search --------------------------------------------------------------------------------- */

/*
 * A search for a record end and its progress. What is found before `known` does not depend on where
 * the content ends, so it is remembered.
 */
struct end_search {
    const struct reading *reading;
    const struct record_format *format;
    struct record_ends *ends;
    uint64_t known;
    uint64_t start; /* no record end before this is looked for */
    uint64_t place;
    uint64_t step;      /* how much is read next */
    uint64_t barren_to; /* no record ends before this */
};

/* Begins a search in a reading. Returns 0 or -ENOMEM. */
static int begin_end_search(struct end_search *search, const struct reading *reading,
                            const struct record_format *format)
{
    *search = (struct end_search){
        .reading = reading,
        .format = format,
        .ends = generation_note(reading->generation, &record_ends_note, format),
        .known = saturating_sub(reading->size, format->reach),
        .step = FIRST_STEP,
    };
    return search->ends != NULL ? 0 : -ENOMEM;
}

/*
 * Where the next step from `place` ends. Until JOINED_STEP bytes have been searched, no step goes
 * beyond them: to find where a record of that length ends, no more is read.
 */
static uint64_t next_step_end(const struct end_search *search, uint64_t place)
{
    const uint64_t end = place + step_from(place, search->step);
    const uint64_t near = (search->start + JOINED_STEP + FIRST_STEP - 1) / FIRST_STEP * FIRST_STEP;
    return place < near ? min_u64(end, near) : end;
}

/*
 * Sets search->barren_to to the first place at or after `place` in which a record may end: after
 * holes, and after blocks without record ends according to the index, if there is one.
 */
static int pass_barren(struct end_search *search, uint64_t place)
{
    const struct reading *reading = search->reading;
    const uint64_t context = saturating_sub(place, search->format->context);
    uint64_t data = context;
    int error = 0;

    if (!search->format->zeros_end)
        error = holes_seek(reading, EXTENT_DATA, context, reading->size, &data);
    data = max_u64(data, place);
    uint64_t next = index_note_next_end(reading, search->format, data);
    search->barren_to = max_u64(data, min_u64(next, reading->size));
    return error;
}

/*
 * Scans the claim, or one step of it. If no record can end in it, it is passed at once. The next
 * claim continues after it.
 */
static int search_claim(struct end_search *search, const struct scan_claim *claim,
                        struct end_found *found)
{
    uint64_t most = min_u64(claim->end, next_step_end(search, claim->start));
    uint64_t end = most;
    int error = pass_barren(search, claim->start);

    if (error == 0 && search->barren_to > claim->start) {
        *found = (struct end_found){.place = min_u64(search->barren_to, claim->end)};
        return 0;
    }
    if (error == 0)
        error = holes_seek(search->reading, EXTENT_HOLE, claim->start, most, &end);
    if (error != 0)
        return error;
    end = max_u64(end, min_u64(most, claim->start + JOINED_STEP));
    search->step = search->step < JOINED_STEP ? 4 * search->step : LONGEST_STEP;
    error = end_scan(search->reading, search->format, claim->start, end, found);
    atomic_fetch_add(&search->reading->source->pool->bytes_scanned,
                     found->place + (found->ends_record ? 1 : 0) - claim->start);
    return error;
}

/*
 * Checks that a record still ends at `place`, which was found before the file grew and may have
 * been rewritten since. If not, everything that was found is forgotten.
 */
static int verify_end(const struct end_search *search, uint64_t place, bool *holds)
{
    *holds = true;
    if (!record_ends_have_grown(search->ends))
        return 0;
    int error = end_scan_at(search->reading, search->format, place, holds);
    if (error != 0)
        return error;
    if (!*holds)
        record_ends_forget(search->ends);
    return 0;
}

/*
 * Scans a claim and moves the search to where the scan ended. *found: a record ends there. If the
 * search is cancelled, what was scanned is kept for other threads.
 */
static int scan_claimed(struct end_search *search, struct scan_claim *claim, bool *found)
{
    struct end_found found_end = {.place = claim->start};
    int error = search_claim(search, claim, &found_end);
    bool learnt = error == 0 || error == -CANCELLED;

    record_ends_settle(search->ends, claim, learnt ? found_end.place : claim->start,
                       learnt && found_end.ends_record);
    search->place = found_end.place; /* the settled claim may not have been remembered */
    *found = found_end.ends_record;
    return error;
}

/* Takes one step. *done: search->place is a record end, or there is none before search->known. */
static int take_search_step(struct end_search *search, bool *looked, bool *done)
{
    struct scan_claim claim;
    uint64_t step = max_u64(step_from(search->place, search->step),
                            saturating_sub(search->barren_to, search->place));
    int next = record_ends_next(search->ends, search->place, search->known, step,
                                search->reading->cancel, &claim, &search->place);

    if (next == SCAN_STEP) {
        if (!*looked)
            atomic_fetch_add(&search->reading->source->pool->probes, 1);
        *looked = true;
        return scan_claimed(search, &claim, done);
    }
    *done = true;
    if (next == SCAN_NONE)
        search->place = max_u64(search->place, search->known);
    if (next != SCAN_FOUND)
        return next < 0 ? next : 0;
    int error = verify_end(search, search->place, done);
    if (error == 0 && !*done) {
        search->place = search->start;
        search->barren_to = 0;
    }
    return error;
}

/* Looks at the last bytes of the content, where its end counts as much as its bytes. */
static int search_last_bytes(struct end_search *search)
{
    const uint64_t size = search->reading->size;
    struct end_found found;

    int error = end_scan(search->reading, search->format, search->place, size, &found);
    search->place = found.place;
    return error;
}

/* Moves on to the first record end at or after search->start, or to the size. */
static int find_record_end(struct end_search *search)
{
    bool looked = false;
    bool done = false;
    int error = 0;

    while (error == 0 && !done)
        error = take_search_step(search, &looked, &done);
    if (error == 0 && search->place >= search->known && search->place < search->reading->size)
        error = search_last_bytes(search);
    return error;
}

/* --- boundaries ------------------------------------------------------------------------------- */

static int find_boundary(struct end_search *search, uint64_t place, uint64_t *boundary)
{
    uint64_t size = search->reading->size;

    if (place == 0 || place >= size) {
        *boundary = min_u64(place, size);
        return 0;
    }
    search->start = place - (search->format->ends_before ? 0 : 1);
    search->place = search->start;
    search->step = FIRST_STEP;
    search->barren_to = 0;
    int error = find_record_end(search);
    if (error == 0)
        *boundary = min_u64(record_format_start_after(search->format, search->place), size);
    return error;
}

int boundary_find(const struct reading *reading, const struct record_format *format, uint64_t place,
                  uint64_t *boundary)
{
    struct end_search search;
    int error = begin_end_search(&search, reading, format);
    return error != 0 ? error : find_boundary(&search, place, boundary);
}

int boundary_find_both(const struct reading *reading, const struct record_format *format,
                       uint64_t *start, uint64_t *end)
{
    struct end_search search;
    uint64_t first = *start;
    uint64_t last = *end;
    bool one_moment = false;
    int error = begin_end_search(&search, reading, format);

    for (int i = 0; i < SEARCH_ATTEMPTS && error == 0 && !one_moment; i++) {
        uint64_t era = record_ends_era(search.ends);
        error = find_boundary(&search, *start, &first);
        if (error == 0)
            error = find_boundary(&search, *end, &last);
        one_moment = last >= first && record_ends_era(search.ends) == era;
    }
    if (error == 0 && !one_moment)
        return -ESTALE;
    *start = first;
    *end = last;
    return error;
}

/* --- the first records ------------------------------------------------------------------------ */

/* Skipping records from the start of a file. */
struct skip {
    const struct record_format *format;
    uint8_t state;
    uint64_t left; /* records */
    uint64_t place;
    uint64_t scanned; /* bytes */
};

static bool skip_records(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct skip *skip = argument;
    const struct record_format *format = skip->format;
    uint8_t state = skip->state;
    size_t end = format->find_end(format, bytes, length, &state, skip->left);

    if (end == length) {
        skip->left -= format->count_ends(format, bytes, length, &skip->state);
        skip->place = offset + length;
        skip->scanned += length;
        return true;
    }
    skip->left = 0;
    skip->place = record_format_start_after(format, offset + end);
    skip->scanned += end + 1;
    return false;
}

static bool skip_hole(void *argument, uint64_t offset, uint64_t length)
{
    struct skip *skip = argument;
    const uint64_t ends = skip->format->zeros_end ? min_u64(skip->left, length) : 0;

    skip->left -= ends;
    skip->state = skip->format->after_zeros[skip->state];
    skip->place = offset + (skip->left == 0 ? ends : length);
    return skip->left > 0;
}

static const struct scan_visitor skipper = {.data = skip_records, .hole = skip_hole};

/* From record to record, as any search: a hole in one of them is passed, and nothing read twice. */
static int look_past_records(struct end_search *search, uint64_t count, uint64_t *boundary)
{
    int error = 0;

    for (*boundary = 0; count > 0 && error == 0 && *boundary < search->reading->size; count--)
        error = find_boundary(search, *boundary + 1, boundary);
    return error;
}

/* Reads little first: most headers are short. */
static int run_past_records(const struct reading *reading, const struct record_format *format,
                            uint64_t count, uint64_t *boundary)
{
    struct skip skip = {.format = format, .left = count};
    uint64_t first = min_u64(FIRST_STEP, reading->size);
    int error = scan(reading, 0, first, &skipper, &skip);

    if (error == 0 && skip.left > 0)
        error = scan(reading, first, reading->size, &skipper, &skip);
    atomic_fetch_add(&reading->source->pool->bytes_scanned, skip.scanned);
    *boundary = skip.place;
    return error;
}

static int scan_prefix(struct end_search *search, uint64_t count, uint64_t *boundary)
{
    if (search->format->reach > 0)
        return look_past_records(search, count, boundary);
    return run_past_records(search->reading, search->format, count, boundary);
}

/* Checks that a record still ends at the end of the prefix, if the file may have changed there. */
static int verify_prefix(const struct end_search *search, const struct record_prefix *prefix,
                         bool *holds)
{
    const uint64_t size = search->reading->size;
    const uint64_t known = saturating_sub(min_u64(prefix->size, size), search->format->reach);

    /* What follows from where the content ends holds for that end alone. */
    *holds = prefix->size == size || prefix->boundary <= known;
    if (!*holds || prefix->boundary == 0 || prefix->boundary >= prefix->size)
        return 0;
    return verify_end(search, prefix->boundary - (search->format->ends_before ? 0 : 1), holds);
}

int boundary_after_records(const struct reading *reading, const struct record_format *format,
                           uint64_t count, uint64_t *boundary)
{
    struct record_prefix prefix;
    struct end_search search;

    *boundary = 0;
    if (count == 0)
        return 0;
    int error = begin_end_search(&search, reading, format);
    if (error != 0)
        return error;
    bool holds = record_ends_recall_prefix(search.ends, count, reading->size, &prefix);
    if (holds)
        error = verify_prefix(&search, &prefix, &holds);
    if (error == 0 && !holds) {
        prefix = (struct record_prefix){
            .era = record_ends_era(search.ends), .count = count, .size = reading->size};
        error = scan_prefix(&search, count, &prefix.boundary);
        if (error == 0)
            record_ends_remember_prefix(search.ends, &prefix);
    }
    *boundary = prefix.boundary;
    return error;
}
