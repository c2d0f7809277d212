#include "core/record/boundary.h"

#include <errno.h>
#include <stdbool.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/holes.h"
#include "core/file/fault_guard.h"
#include "core/record/record.h"

enum {
    FIRST_STEP = 4096,        /* most records are shorter */
    COPIED_STEP = 64 * 1024,  /* the longest step that is read into a buffer, if it can be mapped */
    COPIED_MOST = 256 * 1024, /* … if it cannot */
    MAPPED_STEP =
        2048 * 1024 /* the longest at all; a cold disk reads it in a fraction of a second */
};

/* What scanning a step told: where it came to, and whether a record ends there. */
struct finding {
    uint64_t scanned_to;
    bool ends_record;
};

static struct finding finding_of(const uint8_t *bytes, size_t length, uint64_t offset)
{
    const uint8_t *end = record_find_end(bytes, length);
    return (struct finding){
        .scanned_to = offset + (end != NULL ? (uint64_t)(end - bytes) : length),
        .ends_record = end != NULL,
    };
}

static int scan_copied(struct source *source, struct generation *generation,
                       const struct scan_claim *claim, struct finding *finding)
{
    uint8_t buffer[COPIED_MOST];
    size_t length = (size_t)min_u64(claim->end - claim->start, sizeof(buffer));
    int error = source_probe(source, generation, buffer, length, claim->start);
    if (error == 0)
        *finding = finding_of(buffer, length, claim->start);
    return error;
}

struct mapped_scan {
    const uint8_t *bytes;
    size_t length;
    uint64_t offset;
    struct finding finding;
};

static void scan_mapped_bytes(void *argument)
{
    struct mapped_scan *scan = argument;
    scan->finding = finding_of(scan->bytes, scan->length, scan->offset);
}

/* Scans what a window shows of the claim. The descriptor is lent to us. */
static int scan_window(struct source *source, const struct generation *generation, int fd,
                       uint64_t size, const struct scan_claim *claim, struct finding *finding)
{
    struct window_pool *windows = &source->pool->windows;
    struct window_loan loan;
    int error = window_acquire(windows, generation->serial, fd, claim->start, size, &loan);

    if (error != 0)
        return error;
    struct mapped_scan scan = {
        .bytes = loan.bytes,
        .length = (size_t)min_u64(claim->end - claim->start, loan.length),
        .offset = claim->start,
    };
    error = fault_guard_call(scan.bytes, scan.length, scan_mapped_bytes, &scan);
    window_done_with(&loan, scan.length, fd);
    window_release(windows, &loan);
    *finding = scan.finding;
    return error == -EFAULT ? -EIO : error;
}

static int scan_mapped(struct source *source, struct generation *generation, uint64_t size,
                       const struct scan_claim *claim, struct finding *finding)
{
    int fd = -1;
    int error = source_borrow(source, generation, &fd);
    if (error != 0)
        return error;
    error = mappable_ask(&generation->mappable, fd)
                ? scan_window(source, generation, fd, size, claim, finding)
                : -NOT_MAPPABLE;
    int check = source_check(source, generation, fd);
    source_return(source, generation);
    return check != 0 ? check : error;
}

static int scan_step(struct source *source, struct generation *generation, uint64_t size,
                     const struct scan_claim *claim, struct finding *finding)
{
    int error = -NOT_MAPPABLE;
    if (claim->end - claim->start > 2 * COPIED_STEP)
        error = scan_mapped(source, generation, size, claim, finding);
    if (error == -NOT_MAPPABLE)
        error = scan_copied(source, generation, claim, finding);
    if (error == 0)
        atomic_fetch_add(&source->pool->bytes_scanned,
                         finding->scanned_to + (finding->ends_record ? 1 : 0) - claim->start);
    return error;
}

/*
 * How far a step from `place` goes. The first takes at least FIRST_STEP, to the end of a page: half
 * a page costs a whole one. Later ones end at multiples of their length, so that no large folio of
 * the page cache belongs to two steps, and can leave it with one of them.
 */
static uint64_t step_from(uint64_t place, uint64_t step)
{
    uint64_t end = place + step + (step == FIRST_STEP ? FIRST_STEP - 1 : 0);
    return end / step * step - place;
}

/* A search for a record end, and how far it has come. */
struct search {
    struct source *source;
    struct generation *generation;
    uint64_t size; /* of the part of the file that is searched */
    const struct cancel *cancel;
    uint64_t place;
    uint64_t step;      /* how much is read at once from here */
    uint64_t barren_to; /* no record ends before this */
};

/*
 * Where the stretch from `place` on ends of which the line index, if there is one, knows that no
 * line ends in it.
 */
static uint64_t pass_blocks(const struct search *search, uint64_t place)
{
    struct index_moment now;
    now.file = generation_revised(search->generation, &now.revision);
    struct line_index *index = index_slot_current(&search->generation->lines_index, &now);

    if (index == NULL)
        return place;
    uint64_t block = line_index_next_end(index, place / LINE_BLOCK);
    uint64_t next = min_u64(block * LINE_BLOCK, search->size);
    line_index_unref(index);
    return max_u64(place, next);
}

/* Sets search->barren_to to where a record may end at or after `place`, by holes and index. */
static int pass_barren(struct search *search, uint64_t place)
{
    uint64_t data = place;
    int error = holes_seek(search->source, search->generation, EXTENT_DATA, place, search->size,
                           search->cancel, &data);
    search->barren_to = pass_blocks(search, data);
    return error;
}

/*
 * Looks through the claim, or through as much of it as makes a step. Where no record can end it is
 * passed at once; what of that lies after the claim, the next claim takes.
 */
static int search_claim(struct search *search, const struct scan_claim *claim,
                        struct finding *finding)
{
    uint64_t most = claim->start + step_from(claim->start, search->step);
    struct scan_claim part = {.start = claim->start};
    int error = pass_barren(search, claim->start);

    if (error == 0 && search->barren_to > claim->start) {
        finding->scanned_to = min_u64(search->barren_to, claim->end);
        return 0;
    }
    if (error == 0)
        error = holes_seek(search->source, search->generation, EXTENT_HOLE, claim->start,
                           min_u64(claim->end, most), search->cancel, &part.end);
    if (error != 0)
        return error;
    /* Small extents are read together with the holes between, which cost nothing. */
    part.end = max_u64(part.end, min_u64(min_u64(claim->end, most), claim->start + COPIED_STEP));
    search->step = search->step < COPIED_STEP ? 4 * search->step : MAPPED_STEP;
    return scan_step(search->source, search->generation, search->size, &part, finding);
}

/*
 * Whether a record ends at `place`, which the memory says: it was found before the file grew, and
 * may have been rewritten then. If none does, all that was found is forgotten.
 */
static int verify_end(const struct search *search, uint64_t place, bool *holds)
{
    uint8_t byte = 0;

    *holds = true;
    if (!atomic_load(&search->generation->grown))
        return 0;
    int error = source_probe(search->source, search->generation, &byte, 1, place);
    if (error != 0)
        return error;
    *holds = record_find_end(&byte, 1) != NULL;
    if (!*holds)
        generation_forget_record_ends(search->generation);
    return 0;
}

/* Goes on to the first record end at or after search->place, or to its size. */
static int find_record_end(struct search *search)
{
    struct scan_memory *memory = &search->generation->lines;
    const uint64_t start = search->place;
    bool looked = false;

    for (;;) {
        struct scan_claim claim;
        bool holds = true;
        uint64_t step = max_u64(step_from(search->place, search->step),
                                saturating_sub(search->barren_to, search->place));
        int next = scan_memory_next(memory, search->place, search->size, step, search->cancel,
                                    &claim, &search->place);
        if (next == SCAN_NONE)
            search->place = search->size;
        if (next == SCAN_FOUND) {
            int error = verify_end(search, search->place, &holds);
            if (error != 0 || holds)
                return error;
            search->place = start;
            search->barren_to = 0;
            continue;
        }
        if (next != SCAN_STEP)
            return next < 0 ? next : 0;
        if (!looked)
            atomic_fetch_add(&search->source->pool->probes, 1);
        looked = true;

        struct finding finding = {.scanned_to = claim.start};
        int error = search_claim(search, &claim, &finding);
        scan_memory_settle(memory, &claim, error == 0 ? finding.scanned_to : claim.start,
                           error == 0 && finding.ends_record);
        search->place = finding.scanned_to; /* the memory would tell, if it had room */
        if (error != 0 || finding.ends_record)
            return error;
    }
}

int boundary_find(struct source *source, struct generation *generation, uint64_t place,
                  uint64_t size, const struct cancel *cancel, uint64_t *boundary)
{
    struct search search = {source, generation, size, cancel, .step = FIRST_STEP};

    if (place == 0 || place >= size) {
        *boundary = min_u64(place, size);
        return 0;
    }
    search.place = place - 1;
    int error = find_record_end(&search);
    if (error == 0)
        *boundary = min_u64(search.place + 1, size);
    return error;
}

/* Moves *place past up to *count records that end among the bytes. */
static void skip_records(const uint8_t *bytes, size_t length, uint64_t *count, uint64_t *place)
{
    const uint8_t *at = bytes;
    while (*count > 0) {
        const uint8_t *end = record_find_end(at, length - (size_t)(at - bytes));
        if (end == NULL) {
            *place += length;
            return;
        }
        at = end + 1;
        (*count)--;
    }
    *place += (uint64_t)(at - bytes);
}

/* What is remembered of the prefix still holds if it ended before the file did, or the file did
 * not grow. */
static bool recall_prefix(struct generation *generation, uint64_t count, uint64_t size,
                          struct record_prefix *recalled)
{
    HOLD_LOCK(&generation->lock);
    const struct record_prefix *prefix = &generation->prefix;
    recalled->era = generation->era;
    if (prefix->era != generation->era || prefix->count != count || prefix->boundary > size ||
        (prefix->boundary == prefix->size && prefix->size != size))
        return false;
    recalled->boundary = prefix->boundary;
    return true;
}

/* Whether a record ends where the prefix does, if anything after it may have changed that. */
static int verify_prefix(struct source *source, struct generation *generation,
                         const struct record_prefix *prefix, bool *holds)
{
    const struct search search = {source, generation, prefix->size, NULL, .step = FIRST_STEP};

    *holds = true;
    if (prefix->boundary == 0 || prefix->boundary >= prefix->size)
        return 0;
    return verify_end(&search, prefix->boundary - 1, holds);
}

/* What was found is of the era in which the search began, though the file has changed since. */
static void remember_prefix(struct generation *generation, const struct record_prefix *found)
{
    HOLD_LOCK(&generation->lock);
    generation->prefix = *found;
}

static int scan_prefix(struct source *source, struct generation *generation, uint64_t count,
                       uint64_t size, const struct cancel *cancel, uint64_t *boundary)
{
    uint8_t buffer[COPIED_STEP];
    uint64_t place = 0;

    while (count > 0 && place < size) {
        if (cancel_asked(cancel))
            return -CANCELLED;
        int error = holes_seek(source, generation, EXTENT_DATA, place, size, cancel, &place);
        size_t length = (size_t)min_u64(size - place, place == 0 ? FIRST_STEP : sizeof(buffer));
        if (error == 0)
            error = source_read(source, generation, buffer, length, place);
        if (error != 0)
            return error;
        atomic_fetch_add(&source->pool->bytes_scanned, length);
        skip_records(buffer, length, &count, &place);
    }
    *boundary = place;
    return 0;
}

int boundary_after_records(struct source *source, struct generation *generation, uint64_t count,
                           uint64_t size, const struct cancel *cancel, uint64_t *boundary)
{
    if (count == 0) {
        *boundary = 0;
        return 0;
    }
    struct record_prefix found = {.count = count, .size = size};
    bool holds = recall_prefix(generation, count, size, &found);
    int error = holds ? verify_prefix(source, generation, &found, &holds) : 0;
    if (error != 0)
        return error;
    if (holds) {
        *boundary = found.boundary;
        return 0;
    }
    found.era = generation_era(generation);
    error = scan_prefix(source, generation, count, size, cancel, &found.boundary);
    *boundary = found.boundary;
    if (error == 0)
        remember_prefix(generation, &found);
    return error;
}
