#include "core/generation/generation.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"

enum {
    COMPARE_EVERY_MS = 500, /* how often the sample of a file that grows is compared, … */
    COMPARE_SHARE = 10,     /* … unless that takes a larger part of the time than one of these */
};

struct generation *generation_new(const struct file_identity *identity)
{
    static _Atomic uint64_t last_serial;
    struct generation *generation = calloc(1, sizeof(*generation));

    if (generation == NULL)
        return NULL;
    atomic_init(&generation->references, 1);
    generation->serial = atomic_fetch_add(&last_serial, 1) + 1;
    open_file_init(&generation->file);
    scan_memory_init(&generation->lines);
    extents_init(&generation->extents);
    index_slot_init(&generation->lines_index);
    pthread_mutex_init(&generation->lock, NULL);
    generation->identity = *identity;
    return generation;
}

struct generation *generation_ref(struct generation *generation)
{
    atomic_fetch_add(&generation->references, 1);
    return generation;
}

void generation_unref(struct generation *generation)
{
    if (generation == NULL || atomic_fetch_sub(&generation->references, 1) != 1)
        return;
    assert(generation->file.fd < 0);
    scan_memory_destroy(&generation->lines);
    extents_destroy(&generation->extents);
    index_slot_destroy(&generation->lines_index);
    pthread_mutex_destroy(&generation->lock);
    free(generation);
}

struct file_identity generation_identity(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->identity;
}

struct file_identity generation_revised(struct generation *generation, unsigned *revision)
{
    HOLD_LOCK(&generation->lock);
    *revision = generation->revision;
    return generation->identity;
}

unsigned generation_era(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->era;
}

/* Whether `a` can be the earlier look at a file that was only appended to. */
static bool is_before(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_file(a, b) && a->size <= b->size &&
           time_compare(a->mtime, b->mtime) <= 0 && time_compare(a->ctime, b->ctime) <= 0;
}

bool generation_covers(struct generation *generation, const struct file_identity *then)
{
    HOLD_LOCK(&generation->lock);
    if (!generation->settled)
        return false;
    return file_identity_equal(then, &generation->identity) ||
           (is_before(&generation->base, then) && is_before(then, &generation->identity));
}

uint64_t generation_size(struct generation *generation)
{
    return generation_identity(generation).size;
}

int generation_end(struct generation *generation)
{
    atomic_store(&generation->stale, true);
    return -ESTALE;
}

bool generation_settled(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->settled;
}

void generation_set_doubt(struct generation *generation, unsigned doubt, bool doubted)
{
    if (doubted)
        atomic_fetch_or(&generation->doubts, doubt);
    else
        atomic_fetch_and(&generation->doubts, ~doubt);
}

void generation_set_rest(struct generation *generation, int64_t begun)
{
    int64_t now = clock_ms();
    generation->sample_rest = now + COMPARE_SHARE * (now - begun);
}

void generation_set_sample(struct generation *generation, const struct content_sample *sample,
                           uint64_t size, int64_t begun)
{
    const int64_t soon = clock_ms() + COMPARE_EVERY_MS;

    if (generation->sampled == 0)
        generation->sampled_from = size;
    generation->sample = *sample;
    generation->sampled = size;
    generation_set_rest(generation, begun);
    generation->sample_due = generation->sample_rest > soon ? generation->sample_rest : soon;
    generation_set_doubt(generation, DOUBT_SAMPLE, false);
}

void generation_forget_record_ends(struct generation *generation)
{
    {
        HOLD_LOCK(&generation->lock);
        generation->era++;
    }
    scan_memory_forget(&generation->lines);
}

void generation_note_blocks(struct generation *generation, const struct file_identity *seen)
{
    HOLD_LOCK(&generation->lock);
    if (file_identity_equal(&generation->identity, seen))
        generation->identity.blocks = seen->blocks;
}
