/* SPDX-License-Identifier: MIT */
#include "core/index/index_note.h"

#include "core/base/checked.h"
#include "core/base/cleanup.h"

static void init_index_note(void *body)
{
    struct index_note *note = body;
    pthread_mutex_init(&note->lock, NULL);
}

static void destroy_index_note(void *body)
{
    struct index_note *note = body;
    record_index_unref(note->index);
    pthread_mutex_destroy(&note->lock);
}

/* No `changed`: the note records its version. */
const struct note_type index_note_type = {
    .name = "index",
    .size = sizeof(struct index_note),
    .init = init_index_note,
    .destroy = destroy_index_note,
};

struct index_note *index_note_of(struct generation *generation, const struct record_format *format)
{
    return generation_note(generation, &index_note_type, format);
}

void index_note_put(struct index_note *note, struct record_index *index,
                    const struct index_key *key, const struct version *of)
{
    struct record_index *old;
    {
        HOLD_LOCK(&note->lock);
        old = note->index;
        if (old != NULL && version_equal(&note->of, of) && index->size < old->size)
            return;
        if (note->of.revision != of->revision)
            note->kept = 0; /* it belongs to the old content */
        note->index = record_index_ref(index);
        note->key = *key;
        note->of = *of;
    }
    record_index_unref(old);
}

bool index_note_forget_this(struct index_note *note, const struct record_index *index,
                            struct index_key *key)
{
    struct record_index *old = NULL;
    {
        HOLD_LOCK(&note->lock);
        if (index == NULL || note->index == index)
            old = steal_pointer(&note->index);
        *key = note->key;
        note->kept = 0;
    }
    record_index_unref(old);
    return old != NULL;
}

void index_note_forget(struct index_note *note)
{
    struct index_key key;
    (void)index_note_forget_this(note, NULL, &key);
}

struct record_index *index_note_peek(struct index_note *note, struct index_key *key)
{
    HOLD_LOCK(&note->lock);
    *key = note->key;
    return note->index != NULL ? record_index_ref(note->index) : NULL;
}

/*
 * How the index matches the version, by attributes: the file is unchanged, or has grown since. The
 * write that grew it may have filled holes too. The lock is held.
 */
static int match_version(const struct index_note *note, const struct version *now)
{
    bool same = version_equal(&note->of, now);

    if (note->index == NULL || note->of.revision != now->revision)
        return INDEX_OTHER;
    if (!same && (now->file.size <= note->of.file.size || atomic_load(&note->index->holes)))
        return INDEX_OTHER;
    return same && note->key.size == now->file.size && !note->key.unfinished ? INDEX_SAME
                                                                             : INDEX_BEGINS;
}

static int recall_index(struct index_note *note, const struct version *now,
                        struct record_index **index, struct index_key *key)
{
    HOLD_LOCK(&note->lock);
    int match = match_version(note, now);
    *index = match != INDEX_OTHER ? record_index_ref(note->index) : NULL;
    *key = note->key;
    return match;
}

bool index_note_has(struct index_note *note, const struct version *now)
{
    HOLD_LOCK(&note->lock);
    /* That of the first part of what was counted in vain is none yet. */
    return match_version(note, now) != INDEX_OTHER && !note->key.unfinished;
}

int index_note_get(struct index_note *note, int fd, const struct version *now,
                   struct record_index **index, struct index_key *key)
{
    int match = recall_index(note, now, index, key);

    if (match == INDEX_BEGINS)
        match = index_key_match(key, fd, &now->file);
    if (match <= INDEX_OTHER && *index != NULL) {
        record_index_unref(*index);
        *index = NULL;
    }
    return match;
}

void index_note_set_kept(struct index_note *note, uint64_t bytes)
{
    HOLD_LOCK(&note->lock);
    note->kept = bytes;
}

uint64_t index_note_kept(struct index_note *note)
{
    HOLD_LOCK(&note->lock);
    return note->kept;
}

/* The index of the whole file as it is `now`, with a reference for the caller, or NULL. */
static struct record_index *current_index(struct index_note *note, const struct version *now)
{
    HOLD_LOCK(&note->lock);
    return match_version(note, now) == INDEX_SAME ? record_index_ref(note->index) : NULL;
}

uint64_t index_note_next_end(const struct reading *reading, const struct record_format *format,
                             uint64_t place)
{
    struct index_note *note = index_note_of(reading->generation, format);
    const struct version now = generation_version(reading->generation);
    struct record_index *index = note != NULL ? current_index(note, &now) : NULL;

    if (index == NULL)
        return place;
    uint64_t block = record_index_next_end(index, place / INDEX_BLOCK);
    record_index_unref(index);
    return max_u64(place, block * INDEX_BLOCK);
}
