/* SPDX-License-Identifier: MIT */
#include "core/extent/extents.h"

#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"

static void init_extents(void *note)
{
    struct extents *extents = note;

    *extents = (struct extents){.method = EXTENTS_AUTO};
    pthread_mutex_init(&extents->lock, NULL);
    intervals_init(&extents->data, EXTENTS_MOST);
}

static void destroy_extents(void *note)
{
    struct extents *extents = note;

    intervals_destroy(&extents->data);
    pthread_mutex_destroy(&extents->lock);
}

/* No `changed`: the map checks by itself which file it describes. */
const struct note_type extents_note = {
    .name = "extents",
    .size = sizeof(struct extents),
    .init = init_extents,
    .destroy = destroy_extents,
};

/* Forgets everything if the file has changed. The lock is held. */
static void turn_to(struct extents *extents, const struct file_identity *now)
{
    if (file_identity_same_blocks(&extents->of, now))
        return;
    intervals_clear(&extents->data);
    memset(extents->counts, 0, sizeof(extents->counts));
    extents->of = *now;
    extents->method = EXTENTS_AUTO;
}

/* Finds known data around `offset`. Otherwise sets the method to ask with, if it is decided. */
static bool recall_data(struct extents *extents, const struct file_identity *now, uint64_t offset,
                        struct extent *extent, enum extent_method *method)
{
    HOLD_LOCK(&extents->lock);
    turn_to(extents, now);
    const struct interval *known = intervals_before(&extents->data, offset);
    if (known != NULL && known->end > offset) {
        *extent = (struct extent){known->start, min_u64(known->end, now->size), EXTENT_DATA};
        return true;
    }
    if (*method == EXTENTS_AUTO)
        *method = extents->method;
    return false;
}

/* Adds data, joined with known data that it touches or overlaps. The lock is held. */
static void learn_data(struct intervals *data, struct extent told)
{
    size_t at = intervals_after(data, told.start);

    if (at > 0 && data->items[at - 1].end >= told.start)
        at--;
    while (at < data->count && data->items[at].start <= told.end) {
        told.start = min_u64(told.start, data->items[at].start);
        told.end = max_u64(told.end, data->items[at].end);
        intervals_remove(data, at, 1);
    }
    (void)intervals_insert(data, (struct interval){told.start, told.end, EXTENT_DATA});
}

static void learn_answer(struct extents *extents, const struct file_identity *now,
                         enum extent_method method, const struct extent_answer *answer)
{
    HOLD_LOCK(&extents->lock);
    if (!file_identity_same_blocks(&extents->of, now))
        return; /* another thread has turned to a later state of the file */
    extents->method = method;
    for (size_t i = 0; i < answer->count; i++)
        if (answer->extents[i].kind == EXTENT_DATA)
            learn_data(&extents->data, answer->extents[i]);
}

void extents_find(struct extents *extents, enum extent_method method, int fd,
                  const struct file_identity *now, uint64_t offset, struct extent *extent)
{
    struct extent_answer answer;

    if (recall_data(extents, now, offset, extent, &method))
        return;
    method = extent_method_for(fd, now->size, method);
    extent_probe(fd, offset, now->size, method, &answer);
    *extent = answer.extents[0];
    learn_answer(extents, now, method, &answer);
}

bool extents_recall_count(struct extents *extents, const struct file_identity *now, uint64_t start,
                          uint64_t end, uint64_t *data)
{
    HOLD_LOCK(&extents->lock);
    turn_to(extents, now);
    for (unsigned i = 0; i < EXTENT_COUNTS; i++) {
        const struct extent_count *count = &extents->counts[i];
        if (count->start == start && count->end == end && end != 0) {
            *data = count->data;
            return true;
        }
    }
    return false;
}

void extents_remember_count(struct extents *extents, const struct file_identity *now,
                            uint64_t start, uint64_t end, uint64_t data)
{
    HOLD_LOCK(&extents->lock);
    turn_to(extents, now);
    extents->counts[extents->next_count] = (struct extent_count){start, end, data};
    extents->next_count = (extents->next_count + 1) % EXTENT_COUNTS;
}
