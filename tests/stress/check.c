/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <stdio.h>
#include <string.h>

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint32_t oldest_known(uint32_t newest)
{
    return newest > LOG - 8 ? newest - (LOG - 8) : 1;
}

void span_begin(struct span *span, struct subject *subject)
{
    uint32_t newest = atomic_load(&subject->newest);
    span->began = now_ns();
    span->count = 0;
    span->first_number = newest;
    while (span->first_number > oldest_known(newest) &&
           atomic_load(&subject->log[(span->first_number - 1) % LOG].end) >= span->began)
        span->first_number--;
    for (uint32_t i = span->first_number; i <= newest && span->count < MOST_CANDIDATES; i++) {
        const struct version *version = &subject->log[i % LOG];
        span->candidates[span->count++] =
            (struct candidate){.number = i,
                               .version = version,
                               .frontier_least = atomic_load(&version->frontier_done),
                               .size_least = atomic_load(&version->size_done),
                               .alive = true};
    }
}

bool span_opened(struct span *span, struct subject *subject)
{
    uint32_t newest = atomic_load(&subject->newest);
    for (uint32_t i = span->first_number + (uint32_t)span->count; i <= newest; i++) {
        const struct version *version = &subject->log[i % LOG];
        if (span->count == MOST_CANDIDATES)
            return false;
        span->candidates[span->count++] =
            (struct candidate){.number = i,
                               .version = version,
                               .frontier_least = version->first_frontier,
                               .size_least = version->first_size,
                               .alive = true};
    }
    for (int i = 0; i < span->count; i++) {
        struct candidate *candidate = &span->candidates[i];
        candidate->frontier_most = atomic_load(&candidate->version->frontier_most);
        candidate->size_most = atomic_load(&candidate->version->size_most);
        if (candidate->version->absent)
            candidate->alive = false;
    }
    return true;
}

bool has_changed(struct subject *subject, int64_t since)
{
    uint32_t newest = atomic_load(&subject->newest);
    const struct version *version = &subject->log[newest % LOG];
    if (atomic_load(&version->begin) >= since || version->absent)
        return true;
    /* Within the newest one: a rewrite on its way. */
    if (!version_is_pure(version) &&
        atomic_load(&version->frontier_most) != version->first_frontier)
        return true;
    return newest > 1 && atomic_load(&subject->log[(newest - 1) % LOG].end) >= since;
}

bool has_turned(struct subject *subject, int64_t since)
{
    uint32_t newest = atomic_load(&subject->newest);
    bool small = false;
    bool large = false;
    for (uint32_t i = newest; i >= oldest_known(newest); i--) {
        const struct version *version = &subject->log[i % LOG];
        if (atomic_load(&version->end) < since)
            break;
        if (version->absent)
            return true;
        small |= version->first_size < LARGE && atomic_load(&version->large_at) >= since;
        large |= atomic_load(&version->size_most) >= LARGE;
    }
    return small && large;
}

/* How many bytes from the start are equal, and from where on all are. */
static size_t equal_before(const char *one, const char *other, size_t length)
{
    size_t i = 0;
    while (i < length && one[i] == other[i])
        i++;
    return i;
}

static size_t equal_from(const char *one, const char *other, size_t length)
{
    while (length > 0 && one[length - 1] == other[length - 1])
        length--;
    return length;
}

static bool holds_part(struct candidate *candidate, uint64_t offset, const char *bytes,
                       size_t length)
{
    char wanted[4096];
    if (offset + length > candidate->size_most)
        return false;
    version_fill(candidate->version, ALL_OF_IT, offset, length, wanted);
    size_t before = equal_before(wanted, bytes, length);
    version_fill(candidate->version, 0, offset, length, wanted);
    size_t from = equal_from(wanted, bytes, length);
    if (from > before)
        return false;
    if (before < length)
        candidate->frontier_most = lesser(candidate->frontier_most, offset + before);
    if (from > 0)
        candidate->frontier_least = greater(candidate->frontier_least, offset + from);
    return candidate->frontier_least <= candidate->frontier_most;
}

bool candidate_holds(struct candidate *candidate, uint64_t offset, const char *bytes, size_t length)
{
    while (candidate->alive && length > 0) {
        size_t part = length < 4096 ? length : 4096;
        candidate->alive = holds_part(candidate, offset, bytes, part);
        offset += part;
        bytes += part;
        length -= part;
    }
    return candidate->alive;
}

bool candidate_start(const struct candidate *candidate, uint64_t offset, uint64_t *start)
{
    char bytes[1024];
    *start = 0;
    if (offset == 0)
        return true;
    bool settled = candidate->frontier_least == candidate->frontier_most;
    for (uint64_t at = offset - 1; at < candidate->size_most; at += sizeof(bytes)) {
        size_t length = lesser(sizeof(bytes), candidate->size_most - at);
        version_fill(candidate->version, candidate->frontier_least, at, length, bytes);
        const char *end = memchr(bytes, '\n', length);
        *start = end != NULL ? at + (uint64_t)(end - bytes) + 1 : at + length;
        if (!settled && offset - 1 < candidate->frontier_most && *start > candidate->frontier_least)
            return false;
        if (end != NULL)
            return true;
    }
    *start = NOWHERE;
    return true;
}

void describe(struct subject *subject, uint64_t offset, const char *bytes, size_t length, char *out,
              size_t size)
{
    uint32_t newest = atomic_load(&subject->newest);
    size_t at = 0;
    int64_t now = now_ns();
    out[0] = '\0';
    for (uint32_t i = newest; i >= oldest_known(newest) && at + 200 < size; i--) {
        const struct version *version = &subject->log[i % LOG];
        struct candidate whole = {
            .version = version, .frontier_most = ALL_OF_IT, .size_most = ALL_OF_IT, .alive = true};
        bool good = !version->absent && candidate_holds(&whole, offset, bytes, length);
        if (!good && newest - i > 5)
            continue;
        int64_t end = atomic_load(&version->end);
        at += (size_t)snprintf(out + at, size - at,
                               "  %s version %u (%s; texts %x %x, frontier %llx..%llx, size "
                               "%llu..%llu, hole %llu-%llu), "
                               "began %.3f s ago, ended %.3f s ago\n",
                               good ? "IS " : "not", i, version->how, version->a, version->b,
                               (unsigned long long)atomic_load(&version->frontier_done),
                               (unsigned long long)atomic_load(&version->frontier_most),
                               (unsigned long long)atomic_load(&version->size_done),
                               (unsigned long long)atomic_load(&version->size_most),
                               (unsigned long long)version->hole,
                               (unsigned long long)version->hole_end,
                               (double)(now - atomic_load(&version->begin)) / 1e9,
                               end == INT64_MAX ? 0.0 : (double)(now - end) / 1e9);
    }
}
