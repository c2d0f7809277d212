/* SPDX-License-Identifier: MIT */
/*
 * The note of a generation that holds its index: of all of the content, or of its first part, and
 * what version of the file that was right of. There is one for each record format.
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
    struct version of;          /* protected by lock; when the index was right */
    uint64_t kept;              /* protected by lock; bytes that the one on the disk covers */
};

/* The note type. The key is the record format. */
extern const struct note_type index_note_type;

/* The note of a generation for a format. NULL: no memory. */
struct index_note *index_note_of(struct generation *generation, const struct record_format *format);

/*
 * Puts an index (a new reference) in the place of what was there, unless that covers more of the
 * same version. It has the key, and was right of the version `of`.
 */
void index_note_put(struct index_note *note, struct record_index *index,
                    const struct index_key *key, const struct version *of);

/* Forgets what is there. */
void index_note_forget(struct index_note *note);

/*
 * Forgets an index that was found to be wrong, unless it is not there any more. Returns whether it
 * was, with its key.
 */
bool index_note_forget_this(struct index_note *note, const struct record_index *index,
                            struct index_key *key);

/* What is there, whatever it is right of: a reference for the caller, or NULL; and its key. */
struct record_index *index_note_peek(struct index_note *note, struct index_key *key);

/*
 * Whether there is an index for the file as it is `now`: of all of it (INDEX_SAME), or of its first
 * part (INDEX_BEGINS), if the ends of that are what they were, for which `fd` is read. The caller
 * compares the sample. *index is a reference for the caller then, and *key its key. Returns an enum
 * index_match or a read error.
 */
int index_note_get(struct index_note *note, int fd, const struct version *now,
                   struct record_index **index, struct index_key *key);

/* Whether an index is there that index_note_get() may give. Does not look at the file. */
bool index_note_has(struct index_note *note, const struct version *now);

/* Remembers how much the index on the disk covers, and tells it: 0: there is none. */
void index_note_set_kept(struct index_note *note, uint64_t bytes);
uint64_t index_note_kept(struct index_note *note);

/*
 * The first place from `place` on in which a record may end, as far as an index of the reading's
 * generation as it is now knows; `place` if there is no such index. Does not look at the file.
 */
uint64_t index_note_next_end(const struct reading *reading, const struct record_format *format,
                             uint64_t place);

#endif
