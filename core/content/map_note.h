/* SPDX-License-Identifier: MIT */
/*
 * The note of a generation that holds the map of its compressed content.
 *
 * A map stays right while the generation lives: a file of the same generation has the same bytes,
 * or more of them. If it has grown, the map is of its first part. That is good enough for a request
 * that came before the file was looked at for the map: so a request waits for two maps at most,
 * though the file grows all the time.
 *
 * All functions are thread-safe and do not block.
 */
#ifndef BIGFS_CORE_CONTENT_MAP_NOTE_H
#define BIGFS_CORE_CONTENT_MAP_NOTE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/content/content_map.h"
#include "core/generation/generation.h"

struct map_note {
    pthread_mutex_t lock;
    struct content_map *map;  /* protected by lock; a reference, or NULL */
    struct content_map *part; /* protected by lock; a reference: an unfinished map, or NULL */
    bool refused;             /* protected by lock; the walk has shown that there can be none */
    uint64_t walked;          /* protected by lock; the size of the file when it was walked */
    int64_t looked;           /* protected by lock; when that size was seen: CLOCK_MONOTONIC, ms */
    uint64_t kept;            /* protected by lock; bytes of the file that the map on disk covers */
};

/* The note type. The key is NULL. */
extern const struct note_type map_note_type;

/* The note of a generation. NULL if there is no memory. */
struct map_note *map_note_of(struct generation *generation);

/*
 * Stores a map (taking a new reference), unless the present one is of more of the file. `looked`:
 * when the file was seen to have the size `walked`, in ms of CLOCK_MONOTONIC.
 */
void map_note_put(struct map_note *note, struct content_map *map, uint64_t walked, int64_t looked);

/* Notes that a file of this size can be read from its start alone, so that there is no map. */
void map_note_refuse(struct map_note *note, uint64_t walked, int64_t looked);

/*
 * Stores an unfinished map, taking a new reference, until there is a finished one of as much. It
 * must not change any more.
 */
void map_note_put_part(struct map_note *note, struct content_map *part);

/* That map, with a reference that the caller owns, or NULL. */
struct content_map *map_note_get_part(struct map_note *note);

/* The map, with a reference that the caller owns, or NULL. */
struct content_map *map_note_get(struct map_note *note);

/* How many plain bytes the map knows of; 0 without one. */
uint64_t map_note_size(struct map_note *note);

/* How much of the file the map covers, in bytes; 0 without one. */
uint64_t map_note_walked(struct map_note *note);

/* Sets and gets how many bytes of the file the map on disk covers; 0: there is none. */
void map_note_set_kept(struct map_note *note, uint64_t bytes);
uint64_t map_note_kept(struct map_note *note);

/*
 * Returns 0 if there is a map that is good enough for a file of this size, -ENOENT if there can be
 * none, or -AWAITS_INDEX. `since`: when that was asked for (cancel.since); 0: a second ago is good
 * enough.
 */
int map_note_serves(struct map_note *note, uint64_t file_size, int64_t since);

#endif
