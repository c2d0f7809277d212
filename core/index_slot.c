#include "core/index_slot.h"

#include "core/cleanup.h"

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

void index_slot_put(struct index_slot *slot, struct line_index *index, const struct index_key *key,
                    const struct file_identity *of)
{
    struct line_index *old;
    {
        HOLD_LOCK(&slot->lock);
        old = slot->index;
        slot->index = index != NULL ? line_index_ref(index) : NULL;
        slot->key = *key;
        slot->of = *of;
        slot->asked = true;
    }
    line_index_unref(old);
}

void index_slot_forget(struct index_slot *slot)
{
    struct line_index *old;
    {
        HOLD_LOCK(&slot->lock);
        old = steal_pointer(&slot->index);
    }
    line_index_unref(old);
}

/*
 * What is there, if the attributes allow that it is right: nothing has happened to the file, or it
 * has grown.
 */
static int recall(struct index_slot *slot, const struct file_identity *now,
                  struct line_index **index, struct index_key *key, bool *asked)
{
    HOLD_LOCK(&slot->lock);
    bool same = file_identity_equal(&slot->of, now);

    *index = NULL;
    *asked = slot->asked && same;
    if (slot->index == NULL || (!same && now->size <= slot->of.size))
        return INDEX_OTHER;
    *index = line_index_ref(slot->index);
    *key = slot->key;
    return same && slot->index->size == now->size ? INDEX_SAME : INDEX_BEGINS;
}

int index_slot_get(struct index_slot *slot, int fd, const struct file_identity *now,
                   struct line_index **index, struct index_key *key, bool *asked)
{
    int match = recall(slot, now, index, key, asked);

    if (match == INDEX_BEGINS)
        match = index_key_match(key, fd, now);
    if (match <= INDEX_OTHER && *index != NULL) {
        line_index_unref(*index);
        *index = NULL;
    }
    return match;
}

struct line_index *index_slot_current(struct index_slot *slot, const struct file_identity *now)
{
    HOLD_LOCK(&slot->lock);
    if (slot->index == NULL || slot->index->size != now->size ||
        !file_identity_equal(&slot->of, now))
        return NULL;
    return line_index_ref(slot->index);
}

void index_slot_note_kept(struct index_slot *slot, const struct index_key *key)
{
    HOLD_LOCK(&slot->lock);
    slot->kept = *key;
}

struct index_key index_slot_kept(struct index_slot *slot)
{
    HOLD_LOCK(&slot->lock);
    return slot->kept;
}
