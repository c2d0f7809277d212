#include "core/index/index_slot.h"

#include "core/base/cleanup.h"

void index_slot_init(struct index_slot *slot)
{
    *slot = (struct index_slot){.index = NULL};
    pthread_mutex_init(&slot->lock, NULL);
}

void index_slot_destroy(struct index_slot *slot)
{
    line_index_unref(slot->index);
    pthread_mutex_destroy(&slot->lock);
}

static bool same_moment(const struct index_moment *a, const struct index_moment *b)
{
    return a->revision == b->revision && file_identity_equal(&a->file, &b->file);
}

void index_slot_put(struct index_slot *slot, struct line_index *index, const struct index_key *key,
                    const struct index_moment *of)
{
    struct line_index *old;
    {
        HOLD_LOCK(&slot->lock);
        old = slot->index;
        if (old != NULL && same_moment(&slot->of, of) && index->size < old->size)
            return;
        if (slot->of.revision != of->revision)
            slot->kept = 0; /* that is of what the file was */
        slot->index = line_index_ref(index);
        slot->key = *key;
        slot->of = *of;
    }
    line_index_unref(old);
}

bool index_slot_forget_this(struct index_slot *slot, const struct line_index *index,
                            struct index_key *key)
{
    struct line_index *old = NULL;
    {
        HOLD_LOCK(&slot->lock);
        if (index == NULL || slot->index == index)
            old = steal_pointer(&slot->index);
        *key = slot->key;
        slot->kept = 0;
    }
    line_index_unref(old);
    return old != NULL;
}

void index_slot_forget(struct index_slot *slot)
{
    struct index_key key;
    (void)index_slot_forget_this(slot, NULL, &key);
}

struct line_index *index_slot_peek(struct index_slot *slot, struct index_key *key)
{
    HOLD_LOCK(&slot->lock);
    *key = slot->key;
    return slot->index != NULL ? line_index_ref(slot->index) : NULL;
}

/*
 * What is there, if it can be right by the attributes: nothing has happened to the file, or it has
 * grown since. The write that grew it may have filled holes too. The lock is held.
 */
static int match_moment(const struct index_slot *slot, const struct index_moment *now)
{
    bool same = same_moment(&slot->of, now);

    if (slot->index == NULL || slot->of.revision != now->revision)
        return INDEX_OTHER;
    if (!same && (now->file.size <= slot->of.file.size || atomic_load(&slot->index->holes)))
        return INDEX_OTHER;
    return same && slot->index->size == now->file.size ? INDEX_SAME : INDEX_BEGINS;
}

static int recall(struct index_slot *slot, const struct index_moment *now,
                  struct line_index **index, struct index_key *key)
{
    HOLD_LOCK(&slot->lock);
    int match = match_moment(slot, now);
    *index = match != INDEX_OTHER ? line_index_ref(slot->index) : NULL;
    *key = slot->key;
    return match;
}

bool index_slot_has(struct index_slot *slot, const struct index_moment *now)
{
    HOLD_LOCK(&slot->lock);
    /* That of the first part of what was counted in vain is none yet. */
    return match_moment(slot, now) != INDEX_OTHER && slot->index->size == slot->of.file.size;
}

int index_slot_get(struct index_slot *slot, int fd, const struct index_moment *now,
                   struct line_index **index, struct index_key *key)
{
    int match = recall(slot, now, index, key);

    if (match == INDEX_BEGINS)
        match = index_key_match(key, fd, &now->file);
    if (match <= INDEX_OTHER && *index != NULL) {
        line_index_unref(*index);
        *index = NULL;
    }
    return match;
}

struct line_index *index_slot_current(struct index_slot *slot, const struct index_moment *now)
{
    HOLD_LOCK(&slot->lock);
    return match_moment(slot, now) == INDEX_SAME ? line_index_ref(slot->index) : NULL;
}

void index_slot_note_kept(struct index_slot *slot, uint64_t bytes)
{
    HOLD_LOCK(&slot->lock);
    slot->kept = bytes;
}

uint64_t index_slot_kept(struct index_slot *slot)
{
    HOLD_LOCK(&slot->lock);
    return slot->kept;
}
