/* SPDX-License-Identifier: MIT */
#include "core/record/end_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/content/scan.h"

/* Where the bytes begin that tell the state at `place`. */
static uint64_t context_of(const struct record_format *format, uint64_t place)
{
    return saturating_sub(place, format->context);
}

/* --- machines --------------------------------------------------------------------------------- */

/* A machine that reads bytes as they come. */
struct machine_run {
    const struct record_format *format;
    uint8_t state;
    struct end_found *found;
};

static bool look_for_end(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct machine_run *run = argument;
    struct end_found *found = run->found;
    size_t end = run->format->find_end(run->format, bytes, length, &run->state, 1);

    found->ends_record = end < length;
    found->place = max_u64(found->place, offset + end);
    return !found->ends_record;
}

static const struct scan_visitor end_finder = {.data = look_for_end};

static int run_machine(const struct reading *reading, const struct record_format *format,
                       uint64_t start, uint64_t end, struct end_found *found)
{
    struct machine_run run = {.format = format, .found = found};
    return scan(reading, context_of(format, start), end, &end_finder, &run);
}

static int probe_machine(const struct reading *reading, const struct record_format *format,
                         uint64_t place, bool *ends_record)
{
    const uint64_t context = context_of(format, place);
    const size_t length = (size_t)(place - context) + 1;
    uint8_t bytes[RECORD_CONTEXT + 1];
    uint8_t state = 0;

    int error = content_probe(reading, bytes, length, context);
    *ends_record = error == 0 && format->find_end(format, bytes, length, &state, 1) == length - 1;
    return error;
}

/* --- looking ahead ---------------------------------------------------------------------------- */

/*
 * Bytes are copied out of the scan, as a line may go on from one visit to the next. They stay in
 * memory until it is known whether a record ends there, and are not read again. After the stretch,
 * little is read at first: most lines are short.
 */
enum { FIRST_PART = 4096, LONGEST_PART = 64 * 1024 };

struct look_ahead {
    const struct reading *reading;
    const struct record_format *format;
    uint64_t end;    /* of the stretch */
    uint64_t offset; /* of the first of the bytes, which is context */
    uint8_t *bytes;
    size_t length;
    size_t after; /* how much is read next, after the stretch */
};

static bool append_bytes(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    struct look_ahead *ahead = argument;

    (void)offset;
    memcpy(ahead->bytes + ahead->length, bytes, length);
    ahead->length += length;
    return true;
}

static const struct scan_visitor appender = {.data = append_bytes};

/*
 * Where the next part ends. Within the stretch, at a multiple of LONGEST_PART: no large folio of
 * the page cache then belongs to two parts, and each can be dropped after its part. After the
 * stretch, with a page.
 */
static uint64_t next_part_end(struct look_ahead *ahead, uint64_t start)
{
    uint64_t end = ahead->end;

    if (start < end) {
        end = min_u64(end, (start / LONGEST_PART + 1) * LONGEST_PART);
    } else {
        end = start + ahead->after - start % FIRST_PART;
        ahead->after = min_u64(4 * ahead->after, LONGEST_PART);
    }
    return min_u64(end, ahead->reading->size);
}

static int read_ahead(struct look_ahead *ahead)
{
    const uint64_t start = ahead->offset + ahead->length;
    const uint64_t end = next_part_end(ahead, start);

    uint8_t *bytes = realloc(ahead->bytes, ahead->length + (end - start));
    if (bytes == NULL)
        return -ENOMEM;
    ahead->bytes = bytes;
    return scan(ahead->reading, start, end, &appender, ahead);
}

/* Forgets the bytes before index `at`, but for the one that is its context. */
static void pass_bytes(struct look_ahead *ahead, size_t at)
{
    ahead->length -= at - 1;
    memmove(ahead->bytes, ahead->bytes + at - 1, ahead->length);
    ahead->offset += at - 1;
}

/* Looks at what has been read. Sets found->place to how far it can tell. */
static void look_at_bytes(struct look_ahead *ahead, struct end_found *found)
{
    const uint64_t wanted = ahead->end - ahead->offset;
    const struct record_text text = {
        .bytes = ahead->bytes,
        .length = ahead->length,
        .limit = (size_t)min_u64(ahead->length, wanted),
        .ends = ahead->offset + ahead->length == ahead->reading->size,
    };
    size_t at = 1;
    found->ends_record = ahead->format->find_ahead(ahead->format, &text, &at);
    found->place = ahead->offset + at;
    pass_bytes(ahead, at);
}

static int run_ahead(const struct reading *reading, const struct record_format *format,
                     uint64_t start, uint64_t end, struct end_found *found)
{
    struct look_ahead ahead = {
        .reading = reading,
        .format = format,
        .end = end,
        .offset = start - 1,
        .after = FIRST_PART,
    };
    int error = 0;

    while (error == 0 && found->place < end && !found->ends_record) {
        error = read_ahead(&ahead);
        if (error == 0)
            look_at_bytes(&ahead, found);
    }
    free(ahead.bytes);
    return error;
}

/* --- both ------------------------------------------------------------------------------------- */

int end_scan(const struct reading *reading, const struct record_format *format, uint64_t start,
             uint64_t end, struct end_found *found)
{
    *found = (struct end_found){.place = start};
    return format->reach > 0 ? run_ahead(reading, format, start, end, found)
                             : run_machine(reading, format, start, end, found);
}

int end_scan_at(const struct reading *reading, const struct record_format *format, uint64_t place,
                bool *ends_record)
{
    struct end_found found;

    if (format->reach == 0)
        return probe_machine(reading, format, place, ends_record);
    int error = end_scan(reading, format, place, place + 1, &found);
    *ends_record = error == 0 && found.ends_record;
    return error;
}
