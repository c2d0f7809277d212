/* SPDX-License-Identifier: MIT */
#define XXH_INLINE_ALL
#include "core/content/digest_note.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <xxhash.h>

#include "core/base/cleanup.h"

enum {
    FIRST_ROOM = 64,                /* entries of a new table; a power of two */
    MOST_ROOM = DIGESTS_REMEMBERED, /* of each of the two tables, which are half full */
    ALL_ROOM = 4 * MOST_ROOM,       /* of all tables of a pool */
};

struct known_digest {
    struct piece piece; /* count 0: free. (The digest of no bytes is not worth remembering.) */
    struct piece_digest digest;
};

/* Open addressing with linear probing, at most half full. */
struct digest_table {
    struct known_digest *entries; /* owned */
    size_t room;                  /* a power of two, or 0; claimed from `taken` of the note */
    size_t count;
};

/* What is found is looked for in both tables. If the young one is full, the old one goes. */
struct digest_note {
    pthread_mutex_t lock;
    atomic_size_t *taken;      /* protected by lock; of the pool: the room of all tables */
    struct digest_table young; /* protected by lock */
    struct digest_table old;   /* protected by lock */
    uint64_t era;              /* protected by lock; how often everything was forgotten */
};

static void init_digest_note(void *body)
{
    struct digest_note *note = body;
    pthread_mutex_init(&note->lock, NULL);
}

/* The lock is held, or nobody else has the note. */
static void empty_table(struct digest_note *note, struct digest_table *table)
{
    if (table->room > 0)
        atomic_fetch_sub(note->taken, table->room);
    free(table->entries);
    *table = (struct digest_table){.room = 0};
}

static void destroy_digest_note(void *body)
{
    struct digest_note *note = body;
    empty_table(note, &note->young);
    empty_table(note, &note->old);
    pthread_mutex_destroy(&note->lock);
}

/* After growth too: a sample need not see that bytes before the old end have changed. */
static void forget_digests(void *body, enum content_change change)
{
    struct digest_note *note = body;
    (void)change;
    HOLD_LOCK(&note->lock);
    empty_table(note, &note->young);
    empty_table(note, &note->old);
    note->era++;
}

static const struct note_type digest_note_type = {
    .name = "piece digests",
    .size = sizeof(struct digest_note),
    .init = init_digest_note,
    .destroy = destroy_digest_note,
    .changed = forget_digests,
};

static struct digest_note *digest_note_of(const struct reading *reading)
{
    return generation_note(reading->generation, &digest_note_type, NULL);
}

/* The entry of a piece, or the free one where it belongs. The table has room. */
static struct known_digest *digest_entry(const struct digest_table *table,
                                         const struct piece *piece)
{
    const uint64_t words[] = {piece->ranges[0].offset, piece->ranges[0].length,
                              piece->count > 1 ? piece->ranges[1].offset : 0,
                              piece->count > 1 ? piece->ranges[1].length : 0};
    size_t at = (size_t)XXH3_64bits(words, sizeof(words));

    for (;; at++) {
        struct known_digest *entry = &table->entries[at & (table->room - 1)];
        if (entry->piece.count == 0 || piece_equal(&entry->piece, piece))
            return entry;
    }
}

static bool table_find(const struct digest_table *table, const struct piece *piece,
                       struct piece_digest *digest)
{
    if (table->room == 0)
        return false;
    const struct known_digest *entry = digest_entry(table, piece);
    if (entry->piece.count == 0)
        return false;
    *digest = entry->digest;
    return true;
}

static bool is_table_full(const struct digest_table *table)
{
    return table->room == MOST_ROOM && 2 * table->count >= table->room;
}

/* Claims entries of those that all tables of a pool may have. */
static bool claim_digest_room(atomic_size_t *taken, size_t room)
{
    if (atomic_fetch_add(taken, room) + room <= ALL_ROOM)
        return true;
    atomic_fetch_sub(taken, room);
    return false;
}

/* Makes room for another digest. False: there is no memory, or other tables have all room. */
static bool table_grow(struct digest_note *note, struct digest_table *table)
{
    struct digest_table larger = {.room = table->room > 0 ? 2 * table->room : FIRST_ROOM};

    if (2 * table->count < table->room)
        return true;
    if (!claim_digest_room(note->taken, larger.room))
        return false;
    larger.entries = calloc(larger.room, sizeof(larger.entries[0]));
    if (larger.entries == NULL) {
        atomic_fetch_sub(note->taken, larger.room);
        return false;
    }
    larger.count = table->count;
    for (size_t i = 0; i < table->room; i++)
        if (table->entries[i].piece.count > 0)
            *digest_entry(&larger, &table->entries[i].piece) = table->entries[i];
    empty_table(note, table);
    *table = larger;
    return true;
}

/* Adds a digest, if there is memory. The lock is held. */
static void add_digest(struct digest_note *note, const struct known_digest *known)
{
    if (is_table_full(&note->young)) {
        empty_table(note, &note->old);
        note->old = note->young;
        note->young = (struct digest_table){.room = 0};
    }
    if (!table_grow(note, &note->young))
        return;
    struct known_digest *entry = digest_entry(&note->young, &known->piece);
    note->young.count += entry->piece.count == 0 ? 1 : 0;
    *entry = *known;
}

static uint64_t current_era(struct digest_note *note)
{
    HOLD_LOCK(&note->lock);
    return note->era;
}

/* Remembers what was hashed since `era`, unless the file has changed since then. */
static void remember_digest(struct digest_note *note, const struct reading *reading, uint64_t era,
                            const struct piece *piece, const struct piece_digest *digest)
{
    const struct known_digest known = {*piece, *digest};
    HOLD_LOCK(&note->lock);
    note->taken = &reading->source->pool->digests_room;
    if (piece->count > 0 && note->era == era)
        add_digest(note, &known);
}

static int64_t unsettled_ms(const struct reading *reading)
{
    const struct generation_state state = generation_state(reading->generation);
    return generation_unsettled_ms(&state);
}

void digest_note_settle(const struct reading *reading)
{
    const int64_t wait = unsettled_ms(reading);
    const struct timespec pause = {.tv_nsec = wait > 0 ? wait * 1000000 : 0};

    if (wait > 0)
        (void)nanosleep(&pause, NULL);
}

bool digest_note_recall(const struct reading *reading, const struct piece *piece,
                        struct piece_digest *digest)
{
    struct digest_note *note = digest_note_of(reading);

    if (note == NULL || piece->count == 0)
        return false;
    HOLD_LOCK(&note->lock);
    return table_find(&note->young, piece, digest) || table_find(&note->old, piece, digest);
}

static int make_digest(struct digest_note *note, const struct reading *reading,
                       const struct piece *piece, struct piece_digest *digest)
{
    const bool kept = unsettled_ms(reading) == 0;
    const uint64_t era = current_era(note);
    const unsigned revision = generation_version(reading->generation).revision;
    int error = piece_digest_make(reading, piece, digest);

    if (error == 0)
        error = reading_confirm(reading);
    if (error == 0 && generation_version(reading->generation).revision != revision)
        return -ESTALE; /* a part of the bytes may be older than the rest */
    if (error == 0 && kept)
        remember_digest(note, reading, era, piece, digest);
    return error;
}

int digest_note_find(const struct reading *reading, const struct piece *piece,
                     struct piece_digest *digest)
{
    struct digest_note *note = digest_note_of(reading);

    if (note == NULL)
        return -ENOMEM;
    int error = reading_confirm(reading); /* a change that has not been seen yet forgets */
    if (error != 0 || digest_note_recall(reading, piece, digest))
        return error;
    return make_digest(note, reading, piece, digest);
}
