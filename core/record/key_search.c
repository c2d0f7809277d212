/* SPDX-License-Identifier: MIT */
#include "core/record/key_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/content/content.h"
#include "core/record/end_scan.h"
#include "core/record/record_start.h"

/*
 * The search for the first record that is not below a key, narrowed down so far:
 *
 *     |   below the key   |  not known  | no record starts here | not below the key
 *                          low           high                    found
 */
struct hunt {
    const struct sort_key *key; /* NULL: `found` is the answer */
    uint64_t low;               /* a record that starts before it is below the key */
    uint64_t high;
    uint64_t found; /* the start of a record, or the end of all */
};

/* The first bytes of a record, without the byte that ends it. */
struct record_head {
    size_t length;
    uint8_t bytes[SORT_KEY_MOST + 1];
};

enum { FROM, TO, HUNTS };

struct key_search {
    const struct reading *reading;
    const struct record_format *format;
    struct record_index *index; /* or NULL */
    size_t longest;             /* of the keys */
    struct hunt hunts[HUNTS];
};

/* --- one record ------------------------------------------------------------------------------- */

/* Shortens a head to its record. */
static int end_head(const struct key_search *search, uint64_t start, struct record_head *head)
{
    const struct record_format *format = search->format;
    struct end_found found = {.place = start};
    uint8_t state = 0;

    if (format->reach == 0) {
        head->length = format->find_end(format, head->bytes, head->length, &state, 1);
        return 0;
    }
    int error = end_scan(search->reading, format, start + 1, start + head->length, &found);
    head->length = (size_t)(found.place - start);
    return error;
}

/*
 * Reads what is compared of the record at `start`, which is not the end. Its page stays cached, as
 * that of any small read: many probes, of this key and of others, look at the same records. The end
 * of the record is looked for no further: it may be long.
 */
static int read_head(const struct key_search *search, uint64_t start, struct record_head *head)
{
    head->length = (size_t)min_u64(search->longest + 1, search->reading->size - start);
    int error = content_read(search->reading, head->bytes, head->length, start);
    return error != 0 ? error : end_head(search, start, head);
}

static bool is_below(const struct record_head *head, const struct sort_key *key)
{
    size_t common = head->length < key->length ? head->length : key->length;
    int order = memcmp(head->bytes, key->bytes, common);
    return order < 0 || (order == 0 && head->length < key->length);
}

/* --- bisection -------------------------------------------------------------------------------- */

static bool is_open(const struct hunt *hunt)
{
    return hunt->key != NULL && hunt->low < hunt->high;
}

/* Takes over that the first record at or after `place` starts at `start`, and what it is. */
static void narrow(struct hunt *hunt, uint64_t place, uint64_t start,
                   const struct record_head *head)
{
    if (!is_open(hunt) || place < hunt->low || place >= hunt->high)
        return;
    if (start < hunt->found && is_below(head, hunt->key)) {
        hunt->low = start + 1;
    } else {
        hunt->high = place;
        hunt->found = min_u64(hunt->found, start);
    }
}

/* What is found serves all hunts. */
static void narrow_all(struct key_search *search, uint64_t place, uint64_t start,
                       const struct record_head *head)
{
    for (int i = 0; i < HUNTS; i++)
        narrow(&search->hunts[i], place, start, head);
}

/* Looks at the first record that starts at or after `place`. */
static int probe(struct key_search *search, struct hunt *hunt, uint64_t place)
{
    struct record_head head = {.length = 0};
    uint64_t start = 0;

    int error = record_start_find(search->reading, search->format, search->index, place, &start);
    if (error == 0 && start >= hunt->found) {
        hunt->high = place;
        return 0;
    }
    if (error == 0)
        error = read_head(search, start, &head);
    if (error == 0)
        narrow_all(search, place, start, &head);
    return error;
}

/* --- blocks of an index ----------------------------------------------------------------------- */

/* A block that has record ends, in memory. */
struct loaded_block {
    uint64_t start;
    size_t length;
    uint8_t *bytes; /* borrowed; INDEX_BLOCK bytes */
};

/* The head of the record at index `at` of the block. It is read if it goes on after the block. */
static int head_in_block(const struct key_search *search, const struct loaded_block *block,
                         size_t at, struct record_head *head)
{
    head->length = search->longest + 1;
    if (block->length - at < head->length)
        return read_head(search, block->start + at, head);
    memcpy(head->bytes, block->bytes + at, head->length);
    return end_head(search, block->start + at, head);
}

/* Where the first record starts that follows a record end at or after index `at`. Moves *state. */
static uint64_t next_in_block(const struct key_search *search, const struct loaded_block *block,
                              size_t at, uint8_t *state)
{
    const struct record_format *format = search->format;
    const size_t end = format->find_end(format, block->bytes + at, block->length - at, state, 1);
    return record_format_start_after(format, block->start + at + end);
}

/* Looks at the records that start after hunt->low in the block, until one is not below the key. */
static int look_at_records(struct key_search *search, struct hunt *hunt,
                           const struct loaded_block *block, uint8_t state)
{
    const uint64_t block_end = block->start + block->length;
    uint64_t start = block->start;
    int error = 0;

    while (error == 0 && is_open(hunt)) {
        const size_t at = (size_t)(start - block->start);
        struct record_head head = {.length = 0};
        start = at < block->length ? next_in_block(search, block, at, &state) : block_end;
        if (start >= min_u64(block_end, hunt->high)) {
            hunt->low = min_u64(block_end, hunt->high);
            break;
        }
        if (start < hunt->low)
            continue;
        error = head_in_block(search, block, (size_t)(start - block->start), &head);
        if (error == 0)
            narrow_all(search, start, start, &head);
    }
    return error;
}

/*
 * Goes through the block of hunt->low. The state is known at its start alone, so any probe within
 * it would pass the records before it too.
 */
static int walk_block(struct key_search *search, struct hunt *hunt, struct loaded_block *block)
{
    const uint64_t number = record_index_next_end(search->index, hunt->low / INDEX_BLOCK);

    block->start = number * INDEX_BLOCK;
    if (block->start > hunt->low) { /* no record ends before */
        hunt->low = min_u64(hunt->high, block->start);
        return 0;
    }
    block->length = (size_t)min_u64(INDEX_BLOCK, search->reading->size - block->start);
    int error = content_read(search->reading, block->bytes, block->length, block->start);
    return error != 0
               ? error
               : look_at_records(search, hunt, block, record_index_state_at(search->index, number));
}

/*
 * Probes the first place of a block for which the index tells the number of the record without any
 * byte before it. Within a block it walks.
 */
static int probe_block(struct key_search *search, struct hunt *hunt, struct loaded_block *block)
{
    const uint64_t middle = hunt->low + (hunt->high - hunt->low) / 2;
    const uint64_t start = middle / INDEX_BLOCK * INDEX_BLOCK;
    const uint64_t place = record_format_start_after(search->format, start);

    if (place > hunt->low && place < hunt->high)
        return probe(search, hunt, place);
    if (hunt->low % INDEX_BLOCK == 0)
        return probe(search, hunt, hunt->low);
    return walk_block(search, hunt, block);
}

/* --- the search ------------------------------------------------------------------------------- */

static int probe_middle(struct key_search *search, struct hunt *hunt)
{
    return probe(search, hunt, hunt->low + (hunt->high - hunt->low) / 2);
}

static int close_hunts(struct key_search *search)
{
    AUTO_FREE uint8_t *bytes = search->index != NULL ? malloc(INDEX_BLOCK) : NULL;
    struct loaded_block block = {.bytes = bytes};
    int error = search->index != NULL && bytes == NULL ? -ENOMEM : 0;

    for (int i = 0; i < HUNTS; i++)
        while (error == 0 && is_open(&search->hunts[i]))
            error = bytes != NULL ? probe_block(search, &search->hunts[i], &block)
                                  : probe_middle(search, &search->hunts[i]);
    return error;
}

static struct hunt begin_hunt(const struct key_search *search, const struct sort_key *key,
                              uint64_t base, uint64_t without_key)
{
    uint64_t size = search->reading->size;
    return (struct hunt){key, base, size, key != NULL ? size : without_key};
}

static size_t longest_of(const struct key_limits *limits)
{
    size_t from = limits->from != NULL ? limits->from->length : 0;
    size_t to = limits->to != NULL ? limits->to->length : 0;
    return from > to ? from : to;
}

int key_search(const struct reading *reading, const struct record_format *format,
               struct record_index *index, uint64_t base, const struct key_limits *limits,
               uint64_t *start, uint64_t *end)
{
    struct key_search search = {
        .reading = reading, .format = format, .index = index, .longest = longest_of(limits)};

    search.hunts[FROM] = begin_hunt(&search, limits->from, base, base);
    search.hunts[TO] = begin_hunt(&search, limits->to, base, reading->size);
    int error = close_hunts(&search);
    if (error != 0)
        return error;
    *start = search.hunts[FROM].found;
    *end = max_u64(*start, search.hunts[TO].found);
    /* The probes were made one after the other; the answer is of one moment. */
    return record_start_find_both(reading, format, index, start, end);
}
