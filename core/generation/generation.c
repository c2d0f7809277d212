/* SPDX-License-Identifier: MIT */
#include "core/generation/generation.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"

struct note {
    struct note *next;
    const struct note_type *type;
    const void *key;
    _Alignas(max_align_t) char body[];
};

struct generation {
    atomic_uint references;
    uint64_t number; /* constant */
    bool succeeds;   /* constant */
    atomic_bool over;
    _Atomic int64_t path_seen;
    struct open_file file; /* protected by open_files.lock */

    pthread_mutex_t lock;
    struct generation_state state; /* protected by lock */
    struct generation_end end;     /* protected by lock; set once it is over */
    bool end_taken;                /* protected by lock */
    struct note *notes; /* protected by lock; the contents of a note by the note's own lock */
};

struct generation *generation_new(const struct file_identity *identity, bool succeeds)
{
    static _Atomic uint64_t last_number;
    struct generation *generation = calloc(1, sizeof(*generation));

    if (generation == NULL)
        return NULL;
    atomic_init(&generation->references, 1);
    generation->number = atomic_fetch_add(&last_number, 1) + 1;
    generation->succeeds = succeeds;
    open_file_init(&generation->file);
    pthread_mutex_init(&generation->lock, NULL);
    generation->state.identity = *identity;
    return generation;
}

struct generation *generation_ref(struct generation *generation)
{
    atomic_fetch_add(&generation->references, 1);
    return generation;
}

static void free_notes(struct note *notes)
{
    while (notes != NULL) {
        struct note *next = notes->next;
        notes->type->destroy(notes->body);
        free(notes);
        notes = next;
    }
}

void generation_unref(struct generation *generation)
{
    if (generation == NULL || atomic_fetch_sub(&generation->references, 1) != 1)
        return;
    assert(generation->file.fd < 0);
    free_notes(generation->notes);
    pthread_mutex_destroy(&generation->lock);
    free(generation);
}

uint64_t generation_number(const struct generation *generation)
{
    return generation->number;
}

bool generation_succeeds(const struct generation *generation)
{
    return generation->succeeds;
}

struct open_file *generation_file(struct generation *generation)
{
    return &generation->file;
}

int64_t generation_path_seen(const struct generation *generation)
{
    return atomic_load(&generation->path_seen);
}

void generation_see_path(struct generation *generation, int64_t now)
{
    atomic_store(&generation->path_seen, now);
}

/* --- the state -------------------------------------------------------------------------------- */

bool version_equal(const struct version *a, const struct version *b)
{
    return a->revision == b->revision && file_identity_equal(&a->file, &b->file);
}

bool version_continues(const struct version *then, const struct version *now)
{
    return now->revision == then->revision &&
           (file_identity_equal(&now->file, &then->file) || now->file.size > then->file.size);
}

struct generation_state generation_state(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->state;
}

int64_t generation_unsettled_ms(const struct generation_state *state)
{
    enum { TICK_MS = 20 }; /* two changes this close together may get one time stamp */
    const int64_t since = clock_ms() - state->moved;

    if ((state->doubts & DOUBT_TIME) != 0)
        return -1;
    return since < TICK_MS ? TICK_MS - since : 0;
}

struct file_identity generation_identity(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->state.identity;
}

uint64_t generation_size(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->state.identity.size;
}

struct version generation_version(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return (struct version){generation->state.identity, generation->state.revision};
}

bool generation_captured(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->state.captured;
}

bool generation_is_as(struct generation *generation, const struct file_identity *now)
{
    if (generation_is_over(generation))
        return false;
    HOLD_LOCK(&generation->lock);
    if (!file_identity_equal(now, &generation->state.identity))
        return false;
    generation->state.identity.blocks = now->blocks; /* even if in doubt: holes depend on them */
    return generation->state.doubts == 0;
}

/* Whether `a` can be an earlier look at a file that has only been appended to since. */
static bool is_before(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_file(a, b) && a->size <= b->size &&
           time_compare(a->mtime, b->mtime) <= 0 && time_compare(a->ctime, b->ctime) <= 0;
}

bool generation_covers(struct generation *generation, const struct file_identity *then)
{
    HOLD_LOCK(&generation->lock);
    const struct generation_state *state = &generation->state;
    if (!state->captured)
        return false;
    return file_identity_equal(then, &state->identity) ||
           (is_before(&state->base, then) && is_before(then, &state->identity));
}

bool generation_has_grown(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->state.captured &&
           generation->state.identity.size > generation->state.base.size;
}

/* Informs the notes what a change of the state means for the content. The lock is held. */
static void tell_notes(struct generation *generation, const struct generation_state *before)
{
    const struct generation_state *now = &generation->state;
    bool revised = now->revision != before->revision;
    bool grew = before->captured && now->identity.size > before->identity.size;

    if (!revised && !grew)
        return;
    enum content_change change = revised                                  ? CONTENT_MOVED
                                 : file_may_have_holes(&before->identity) ? CONTENT_FILLED
                                                                          : CONTENT_GREW;
    for (struct note *note = generation->notes; note != NULL; note = note->next)
        if (note->type->changed != NULL)
            note->type->changed(note->body, change);
}

int generation_update(struct generation *generation,
                      int (*change)(struct generation_state *state, void *argument), void *argument)
{
    HOLD_LOCK(&generation->lock);
    const struct generation_state before = generation->state;
    int result = change(&generation->state, argument);
    tell_notes(generation, &before);
    return result;
}

/* --- the end ---------------------------------------------------------------------------------- */

int generation_end(struct generation *generation, enum end_reason reason,
                   const struct file_identity *now)
{
    HOLD_LOCK(&generation->lock);
    if (!atomic_exchange(&generation->over, true))
        generation->end = (struct generation_end){
            .reason = reason,
            .was = generation->state.identity,
            .now = now != NULL ? *now : (struct file_identity){0},
        };
    return -ESTALE;
}

bool generation_is_over(const struct generation *generation)
{
    return atomic_load(&generation->over);
}

bool generation_take_end(struct generation *generation, struct generation_end *end)
{
    if (!generation_is_over(generation))
        return false;
    HOLD_LOCK(&generation->lock);
    bool taken = generation->end_taken;
    generation->end_taken = true;
    *end = generation->end;
    return !taken;
}

/* --- notes ------------------------------------------------------------------------------------ */

void *generation_note(struct generation *generation, const struct note_type *type, const void *key)
{
    HOLD_LOCK(&generation->lock);
    for (struct note *note = generation->notes; note != NULL; note = note->next)
        if (note->type == type && note->key == key)
            return note->body;
    struct note *made = calloc(1, sizeof(*made) + type->size);
    if (made == NULL)
        return NULL;
    made->type = type;
    made->key = key;
    type->init(made->body);
    made->next = generation->notes;
    generation->notes = made;
    return made->body;
}
