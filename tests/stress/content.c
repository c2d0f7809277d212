/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress.h"

enum { KEPT = 64 };

struct group {
    bool known;
    uint32_t text;
    uint64_t number;
    uint32_t starts[ROWS];
    char bytes[(GROUP + 15) / 8 * 8];
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

/*
 * Lengths of many kinds; in every eighth group one record gets all bytes that are left to
 * distribute.
 */
static void cut_records(struct group *group, uint64_t key)
{
    uint32_t spare = GROUP - ROWS * LEAST_RECORD;
    uint32_t weights[ROWS];
    uint64_t sum = 0;
    uint64_t only = mix(key) % 8 == 0 ? mix(key + 1) % ROWS : ROWS;
    for (uint32_t i = 0; i < ROWS; i++) {
        weights[i] = only == ROWS ? (uint32_t)(mix(key + 2 + i) & 0xfff) : i == only;
        sum += weights[i];
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        group->starts[i] = at;
        at += LEAST_RECORD + (uint32_t)(spare * (uint64_t)weights[i] / (sum != 0 ? sum : 1));
    }
}

/* Letters that depend on text and place, so that a few bytes identify both. */
static void fill_letters(struct group *group, uint64_t key)
{
    for (size_t i = 0; i < sizeof(group->bytes); i += 8) {
        uint64_t letters = (mix(key ^ (i << 40)) & 0x3f3f3f3f3f3f3f3fU) + 0x3030303030303030U;
        memcpy(group->bytes + i, &letters, 8);
    }
}

static void make_group(struct group *group, uint32_t text, uint64_t number)
{
    uint64_t key = mix(((uint64_t)text << 40) + number);
    group->text = text;
    group->number = number;
    group->known = true;
    cut_records(group, key);
    fill_letters(group, key);
    for (int i = 0; i < ROWS; i++) {
        char head[64];
        (void)snprintf(head, sizeof(head), "%05x %09llx ", text,
                       (unsigned long long)(number * GROUP + group->starts[i]));
        memcpy(group->bytes + group->starts[i], head, HEAD);
        group->bytes[(i + 1 < ROWS ? group->starts[i + 1] : GROUP) - 1] = '\n';
    }
}

static const struct group *group_of(uint32_t text, uint64_t number)
{
    static struct group *kept; /* of this process */
    if (kept == NULL && (kept = calloc(KEPT, sizeof(*kept))) == NULL)
        abort();
    struct group *group = &kept[(text * 31U + number) % KEPT];
    if (!group->known || group->text != text || group->number != number)
        make_group(group, text, number);
    return group;
}

void text_fill(uint32_t text, uint64_t offset, size_t length, char *out)
{
    while (length > 0) {
        const struct group *group = group_of(text, offset / GROUP);
        size_t within = offset % GROUP;
        size_t part = length < GROUP - within ? length : GROUP - within;
        memcpy(out, group->bytes + within, part);
        out += part;
        offset += part;
        length -= part;
    }
}

uint64_t text_rows(uint32_t text, uint64_t size)
{
    const struct group *group = group_of(text, size / GROUP);
    uint64_t rows = size / GROUP * ROWS;
    for (int i = 0; i < ROWS && group->starts[i] < size % GROUP; i++)
        rows++;
    return rows;
}

uint64_t text_row_start(uint32_t text, uint64_t row)
{
    return row / ROWS * GROUP + group_of(text, row / ROWS)->starts[row % ROWS];
}

void version_fill(const struct version *version, uint64_t frontier, uint64_t offset, size_t length,
                  char *out)
{
    uint64_t end = offset + length;
    size_t of_a = frontier <= offset ? 0 : frontier >= end ? length : frontier - offset;
    text_fill(version->a, offset, of_a, out);
    text_fill(version->b, offset + of_a, length - of_a, out + of_a);
    uint64_t from = offset + of_a > version->hole ? offset + of_a : version->hole;
    uint64_t to = end < version->hole_end ? end : version->hole_end;
    if (from < to)
        memset(out + (from - offset), 0, to - from);
}

bool version_is_pure(const struct version *version)
{
    return version->first_frontier == ALL_OF_IT;
}

bool parse_head(const char *bytes, uint32_t *text, uint64_t *offset)
{
    char head[HEAD + 1];
    char *rest;
    memcpy(head, bytes, HEAD);
    head[HEAD] = '\0';
    if (head[5] != ' ' || head[15] != ' ' || strspn(head, "0123456789abcdef") != 5 ||
        strspn(head + 6, "0123456789abcdef") != 9)
        return false;
    *text = (uint32_t)strtoul(head, &rest, 16);
    *offset = strtoull(head + 6, &rest, 16);
    return true;
}

uint32_t new_text(void)
{
    return atomic_fetch_add(&shared->texts, 1) + 1;
}

struct version *newest_version(struct subject *subject)
{
    return &subject->log[atomic_load(&subject->newest) % LOG];
}
