/* SPDX-License-Identifier: MIT */
#include "core/index/record_index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

enum { FIRST_GROUPS = 16, FIRST_COUNTS = 256 };

static uint64_t blocks_of(uint64_t size)
{
    return size / INDEX_BLOCK + (size % INDEX_BLOCK != 0 ? 1 : 0);
}

static uint64_t bit_of(uint64_t block)
{
    return UINT64_C(1) << block;
}

/* How many blocks of the group before the `block`th one have record ends. */
static unsigned filled_before(const struct index_group *group, uint64_t block)
{
    return (unsigned)__builtin_popcountll(group->blocks & (bit_of(block) - 1));
}

static unsigned filled(const struct index_group *group)
{
    return (unsigned)__builtin_popcountll(group->blocks);
}

/* --- making ---------------------------------------------------------------------------------- */

/* Makes room for `wanted` elements, at least doubling the room. */
static int make_index_room(void **array, size_t *room, size_t wanted, size_t least, size_t element)
{
    size_t more = *room < least ? least : *room * 2;
    if (wanted <= *room)
        return 0;
    more = more < wanted ? wanted : more;
    void *moved = reallocarray(*array, more, element);
    if (moved == NULL)
        return -ENOMEM;
    *array = moved;
    *room = more;
    return 0;
}

/* Makes room for another group. The lock is held. */
static int make_group_room(struct record_index *index)
{
    void *groups = index->groups;
    int error = make_index_room(&groups, &index->group_room, index->group_count + 1, FIRST_GROUPS,
                                sizeof(index->groups[0]));
    index->groups = groups;
    return error;
}

/* Makes room for the counts of another group. The lock is held. */
static int make_count_room(struct record_index *index)
{
    void *counts = index->counts;
    int error = make_index_room(&counts, &index->count_room, index->count_count + INDEX_GROUP,
                                FIRST_COUNTS, sizeof(index->counts[0]));
    index->counts = counts;
    return error;
}

/* The place of the first group with at least this number. */
static size_t group_from(const struct record_index *index, uint64_t number)
{
    size_t low = 0;
    size_t high = index->group_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->groups[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds to `counts` what the group has. */
static void unpack(const struct record_index *index, const struct index_group *group,
                   struct group_counts *counts)
{
    const uint32_t *word = index->counts + group->first;
    for (uint64_t rest = group->blocks; rest != 0; rest &= rest - 1, word++) {
        const int block = __builtin_ctzll(rest);
        counts->of[block] += index_word_ends(*word);
        counts->states[block] = index_word_state(*word);
    }
}

/* Gives the group these counts. There is room for them. The lock is held. */
static void pack(struct record_index *index, struct index_group *group,
                 const struct group_counts *counts)
{
    if (group->first + filled(group) != index->count_count)
        group->first = index->count_count; /* its old counts are abandoned */
    index->count_count = group->first;
    group->blocks = 0;
    for (uint64_t block = 0; block < INDEX_GROUP; block++) {
        if (counts->of[block] == 0)
            continue;
        group->blocks |= bit_of(block);
        index->counts[index->count_count++] =
            index_count_word(counts->of[block], counts->states[block]);
    }
}

/* Adds the counts to a group, making it if needed. The lock is held. */
static int add_to_group(struct record_index *index, uint64_t number, struct group_counts *counts)
{
    size_t place = group_from(index, number);
    bool there = place < index->group_count && index->groups[place].number == number;
    int error = make_count_room(index);

    if (error == 0 && !there)
        error = make_group_room(index);
    if (error != 0)
        return error;
    struct index_group *group = &index->groups[place];
    if (there) {
        unpack(index, group, counts);
    } else {
        memmove(group + 1, group, (index->group_count - place) * sizeof(*group));
        *group = (struct index_group){.number = number, .first = index->count_count};
        index->group_count++;
    }
    pack(index, group, counts);
    return 0;
}

int record_index_add_group(struct record_index *index, uint64_t number,
                           const struct group_counts *counts)
{
    struct group_counts all = *counts;
    uint32_t any = 0;

    for (size_t i = 0; i < INDEX_GROUP; i++)
        any |= counts->of[i];
    return any != 0 ? add_to_group(index, number, &all) : 0;
}

/* Takes over the counts of the blocks that both cover. */
static int take_over(struct record_index *index, const struct record_index *old)
{
    int error = 0;
    for (size_t i = 0; i < old->group_count && error == 0; i++) {
        const uint64_t number = old->groups[i].number;
        struct group_counts counts = {.of = {0}};
        if (number * INDEX_GROUP >= index->blocks)
            break;
        unpack(old, &old->groups[i], &counts);
        for (uint64_t k = 0; k < INDEX_GROUP; k++)
            if (number * INDEX_GROUP + k >= index->blocks)
                counts.of[k] = 0;
        error = record_index_add_group(index, number, &counts);
    }
    index->chosen = old->chosen;
    index->state = old->state;
    index->block_state = old->block_state;
    return error;
}

struct record_index *record_index_new(const struct record_format *format, uint64_t size,
                                      const struct record_index *old)
{
    struct record_index *index = calloc(1, sizeof(*index));
    if (index == NULL)
        return NULL;
    atomic_init(&index->references, 1);
    atomic_init(&index->holes, old != NULL && atomic_load(&old->holes));
    pthread_mutex_init(&index->lock, NULL);
    index->format = format;
    index->size = size;
    index->blocks = blocks_of(size);
    if (old != NULL && take_over(index, old) != 0) {
        record_index_unref(index);
        return NULL;
    }
    return index;
}

/* Frees unused room; keeps it if that fails. */
static void trim_room(struct record_index *index)
{
    struct index_group *groups =
        reallocarray(index->groups, index->group_count, sizeof(index->groups[0]));
    uint32_t *counts = reallocarray(index->counts, index->count_count, sizeof(index->counts[0]));

    if (groups != NULL) {
        index->groups = groups;
        index->group_room = index->group_count;
    }
    if (counts != NULL) {
        index->counts = counts;
        index->count_room = index->count_count;
    }
}

void record_index_finish(struct record_index *index, bool ends_open)
{
    HOLD_LOCK(&index->lock);
    index->ends = 0;
    for (size_t i = 0; i < index->group_count; i++) {
        struct index_group *group = &index->groups[i];
        group->before = index->ends;
        for (unsigned k = 0; k < filled(group); k++)
            index->ends += index_word_ends(index->counts[group->first + k]);
    }
    if (index->group_count > 0)
        trim_room(index);
    index->ends_open = ends_open;
}

struct record_index *record_index_part(struct record_index *index, uint64_t size)
{
    struct record_index *part = NULL;
    {
        HOLD_LOCK(&index->lock);
        if (index->format->states > 1)
            size = index->chosen;
        if (size > 0 && size < index->size)
            part = record_index_new(index->format, size, index);
    }
    if (part != NULL)
        record_index_finish(part, true);
    return part;
}

struct record_index *record_index_ref(struct record_index *index)
{
    atomic_fetch_add(&index->references, 1);
    return index;
}

void record_index_unref(struct record_index *index)
{
    if (index == NULL || atomic_fetch_sub(&index->references, 1) != 1)
        return;
    while (index->waiting != NULL) {
        struct index_step *step = index->waiting;
        index->waiting = step->next;
        free(step);
    }
    pthread_mutex_destroy(&index->lock);
    free(index->groups);
    free(index->counts);
    free(index);
}

/* --- finding --------------------------------------------------------------------------------- */

uint64_t record_index_ends(const struct record_index *index)
{
    return index->ends;
}

uint64_t record_index_records(const struct record_index *index)
{
    return index->ends + (index->ends_open ? 1 : 0);
}

uint64_t record_index_ends_before(const struct record_index *index, uint64_t block)
{
    size_t place = group_from(index, block / INDEX_GROUP);
    if (place == index->group_count)
        return index->ends;
    const struct index_group *group = &index->groups[place];
    uint64_t ends = group->before;
    if (group->number > block / INDEX_GROUP)
        return ends;
    for (unsigned i = 0; i < filled_before(group, block % INDEX_GROUP); i++)
        ends += index_word_ends(index->counts[group->first + i]);
    return ends;
}

/* The last group that has fewer than `nth` record ends before it. */
static const struct index_group *find_group(const struct record_index *index, uint64_t nth)
{
    size_t low = 0;
    size_t high = index->group_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (index->groups[middle].before < nth)
            low = middle;
        else
            high = middle;
    }
    return &index->groups[low];
}

uint64_t record_index_find(const struct record_index *index, uint64_t *nth)
{
    assert(*nth > 0 && *nth <= index->ends);
    const struct index_group *group = find_group(index, *nth);
    const uint32_t *count = index->counts + group->first;
    uint64_t rest = group->blocks;

    for (*nth -= group->before; *nth > index_word_ends(*count); rest &= rest - 1)
        *nth -= index_word_ends(*count++);
    return group->number * INDEX_GROUP + (uint64_t)__builtin_ctzll(rest);
}

/*
 * Hashes the number, as records at equal distances, such as the first of each piece, must not share
 * a place.
 */
static struct found_record *found_place(struct record_index *index, uint64_t record)
{
    uint64_t hash = record * UINT64_C(0x9e3779b97f4a7c15);
    return &index->found[(hash >> 32) % RECORDS_REMEMBERED];
}

bool record_index_recall(struct record_index *index, uint64_t record, uint64_t *offset)
{
    HOLD_LOCK(&index->lock);
    const struct found_record *found = found_place(index, record);
    if (found->record != record || record == 0)
        return false;
    *offset = found->offset;
    return true;
}

void record_index_remember(struct record_index *index, uint64_t record, uint64_t offset)
{
    HOLD_LOCK(&index->lock);
    *found_place(index, record) = (struct found_record){record, offset};
}

uint8_t record_index_state_at(const struct record_index *index, uint64_t block)
{
    const struct index_group *group = &index->groups[group_from(index, block / INDEX_GROUP)];

    assert(group->number == block / INDEX_GROUP && (group->blocks & bit_of(block % INDEX_GROUP)));
    return index_word_state(
        index->counts[group->first + filled_before(group, block % INDEX_GROUP)]);
}

uint64_t record_index_next_end(const struct record_index *index, uint64_t block)
{
    size_t place = group_from(index, block / INDEX_GROUP);

    if (place < index->group_count && index->groups[place].number == block / INDEX_GROUP) {
        uint64_t here = index->groups[place].blocks & ~(bit_of(block % INDEX_GROUP) - 1);
        if (here != 0)
            return block - block % INDEX_GROUP + (uint64_t)__builtin_ctzll(here);
        place++;
    }
    if (place == index->group_count)
        return index->blocks;
    const struct index_group *group = &index->groups[place];
    return group->number * INDEX_GROUP + (uint64_t)__builtin_ctzll(group->blocks);
}

bool record_index_equal(const struct record_index *a, const struct record_index *b)
{
    if (a->size != b->size || a->group_count != b->group_count || a->ends != b->ends ||
        a->state != b->state)
        return false;
    for (size_t i = 0; i < a->group_count; i++) {
        const struct index_group *one = &a->groups[i];
        const struct index_group *other = &b->groups[i];
        if (one->number != other->number || one->blocks != other->blocks ||
            memcmp(a->counts + one->first, b->counts + other->first,
                   filled(one) * sizeof(a->counts[0])) != 0)
            return false;
    }
    return true;
}
