/* SPDX-License-Identifier: MIT */
/*
 * The note of a generation that holds its index, of the whole content or of its first part, and the
 * version of the file for which that was right. There is one for each record format.
 *
 * All functions are thread-safe.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_NOTE_H
#define BIGFS_CORE_INDEX_INDEX_NOTE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/index/index_key.h"
#include "core/index/record_index.h"

struct index_note {
    pthread_mutex_t lock;
    struct record_index *index; /* protected by lock; a reference, or NULL */
    struct index_key key;       /* protected by lock; of the bytes that the index covers */
    struct version of;          /* protected by lock; for which the index was right */
    uint64_t kept;              /* protected by lock; bytes that the index on disk covers */
};

/* The note type. The key is the record format. */
extern const struct note_type index_note_type;

/* The note of a generation for a format. NULL if there is no memory. */
struct index_note *index_note_of(struct generation *generation, const struct record_format *format);

/*
 * Stores an index (taking a new reference) instead of the present one, unless that covers more of
 * the same version. *key is its key, and it was right for the version `of`.
 */
void index_note_put(struct index_note *note, struct record_index *index,
                    const struct index_key *key, const struct version *of);

/* Forgets the index. */
void index_note_forget(struct index_note *note);

/*
 * Forgets an index that was found to be wrong, if the note still holds it. Returns whether it did,
 * and sets its key.
 */
bool index_note_forget_this(struct index_note *note, const struct record_index *index,
                            struct index_key *key);

/* The index, for whatever version: a reference that the caller owns, or NULL; and its key. */
struct record_index *index_note_peek(struct index_note *note, struct index_key *key);

/*
 * Gets the index for the file in the version `now`: of all of it (INDEX_SAME), or of its first part
 * (INDEX_BEGINS) if the ends of that have not changed, which are read from `fd`. The caller must
 * compare the sample. *index is a reference that the caller owns, and *key its key. Returns an enum
 * index_match or a read error.
 */
int index_note_get(struct index_note *note, int fd, const struct version *now,
                   struct record_index **index, struct index_key *key);

/* Whether there is an index that index_note_get() may return. Does not look at the file. */
bool index_note_has(struct index_note *note, const struct version *now);

/* Sets and gets how many bytes the index on disk covers; 0: there is none. */
void index_note_set_kept(struct index_note *note, uint64_t bytes);
uint64_t index_note_kept(struct index_note *note);

/*
 * The first place from `place` on at which a record may end, according to the index of the
 * reading's generation in its present version; `place` if there is no such index. Does not look at
 * the file.
 */
uint64_t index_note_next_end(const struct reading *reading, const struct record_format *format,
                             uint64_t place);

#endif
