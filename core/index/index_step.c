/* SPDX-License-Identifier: MIT */
#include "core/index/index_step.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"

static struct index_step *new_step(uint64_t start, uint64_t end, size_t blocks)
{
    struct index_step *step = malloc(sizeof(*step) + blocks * sizeof(step->blocks[0]));
    if (step == NULL)
        return NULL;
    step->start = start;
    step->end = end;
    step->zeros = blocks == 0;
    for (size_t i = 0; i < blocks; i++)
        step->blocks[i] = record_effect_none;
    return step;
}

struct index_step *index_step_new(uint64_t start, uint64_t end)
{
    return new_step(start, end, (size_t)((end - 1) / INDEX_BLOCK - start / INDEX_BLOCK + 1));
}

/* Where the block with the byte before `place` begins. */
static uint64_t block_before(uint64_t place)
{
    return (place - 1) / INDEX_BLOCK * INDEX_BLOCK;
}

static uint8_t state_after_zeros(const struct record_index *index, uint64_t length)
{
    return length > 0 ? index->format->after_zeros[index->state] : index->state;
}

/* A hole that has no record ends. What other holes already covered is left out. */
static void choose_zeros(struct record_index *index, uint64_t end)
{
    const uint64_t last_block = block_before(end);

    if (last_block >= index->chosen)
        index->block_state = state_after_zeros(index, last_block - index->chosen);
    index->state = state_after_zeros(index, end - index->chosen);
    index->chosen = end;
}

/* Chooses the counts of one block, which go on from the state of the index. */
static void choose_block(struct record_index *index, const struct record_effect *effect,
                         uint64_t place, struct group_counts *counts)
{
    const uint64_t block = place / INDEX_BLOCK % INDEX_GROUP;

    if (place % INDEX_BLOCK == 0)
        index->block_state = index->state;
    counts->of[block] = (uint32_t)effect->ends[index->state];
    counts->states[block] = index->block_state;
    index->state = effect->to[index->state];
}

/*
 * Chooses the counts of a step. One that other threads passed as a hole, and that was filled before
 * it was counted, gets a wrong state; but then the file has changed, and the index is not used.
 */
static int choose_step(struct record_index *index, const struct index_step *step)
{
    const struct record_effect *effect = step->blocks;
    struct group_counts counts = {.of = {0}};

    for (uint64_t place = step->start; place < step->end;
         place = (place / INDEX_BLOCK + 1) * INDEX_BLOCK)
        choose_block(index, effect++, place, &counts);
    index->chosen = max_u64(index->chosen, step->end);
    return record_index_add_group(index, step->start / INDEX_STEP, &counts);
}

/* Takes a step that need not wait any longer, or NULL. The lock is held. */
static struct index_step *take_index_step(struct record_index *index)
{
    struct index_step *step = index->waiting;

    if (step == NULL || (index->format->states > 1 && step->start > index->chosen))
        return NULL;
    index->waiting = step->next;
    return step;
}

/* Puts a step into the list of those that wait. The lock is held. */
static void put_step(struct record_index *index, struct index_step *step)
{
    struct index_step **link = &index->waiting;
    while (*link != NULL && (*link)->start < step->start)
        link = &(*link)->next;
    step->next = *link;
    *link = step;
}

bool index_step_knows(struct record_index *index, uint64_t start, uint8_t *state)
{
    HOLD_LOCK(&index->lock);
    *state = index->state;
    return index->format->states > 1 && index->chosen == start;
}

int index_step_add(struct record_index *index, struct index_step *step)
{
    int error = 0;
    HOLD_LOCK(&index->lock);

    put_step(index, step);
    while (error == 0 && (step = take_index_step(index)) != NULL) {
        if (!step->zeros)
            error = choose_step(index, step);
        else if (step->end > index->chosen)
            choose_zeros(index, step->end);
        free(step);
    }
    return error;
}

int index_step_add_hole(struct record_index *index, uint64_t start, uint64_t end)
{
    struct index_step *step = new_step(start, end, 0);
    return step != NULL ? index_step_add(index, step) : -ENOMEM;
}
