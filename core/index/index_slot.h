/*
 * What is known of the lines of a generation: an index of all of it, or of its first part, and of
 * which attributes that was true.
 *
 * Thread-safe.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_SLOT_H
#define BIGFS_CORE_INDEX_INDEX_SLOT_H

#include <pthread.h>

#include "core/file/file_identity.h"
#include "core/index/index_key.h"
#include "core/index/line_index.h"

/* A file at a moment: what an index in a slot was right of. */
struct index_moment {
    struct file_identity file;
    unsigned revision; /* of the generation */
};

struct index_slot {
    pthread_mutex_t lock;
    struct line_index *index; /* protected by lock; a reference, or NULL */
    struct index_key key;     /* protected by lock; of the bytes that the index covers */
    struct index_moment of;   /* protected by lock; when the index was right */
    uint64_t kept;            /* protected by lock; bytes that the one in the directory covers */
};

void index_slot_init(struct index_slot *slot);
void index_slot_destroy(struct index_slot *slot);

/*
 * Puts an index (a new reference) in the place of what was there, unless that covers more of the
 * same file. It has the key, and was right of the file as it was then.
 */
void index_slot_put(struct index_slot *slot, struct line_index *index, const struct index_key *key,
                    const struct index_moment *of);

/* Forgets what is there. */
void index_slot_forget(struct index_slot *slot);

/*
 * Forgets an index that was found to be wrong, unless it is not there any more. Returns whether it
 * was, with its key.
 */
bool index_slot_forget_this(struct index_slot *slot, const struct line_index *index,
                            struct index_key *key);

/* What is there, whatever it is right of: a reference for the caller, or NULL; and its key. */
struct line_index *index_slot_peek(struct index_slot *slot, struct index_key *key);

/*
 * Whether there is an index for the file as it is `now`: of all of it (INDEX_SAME), or of its first
 * part (INDEX_BEGINS), if the ends of that are what they were, for which `fd` is read; the caller
 * compares the sample. *index is a reference for the caller then, and *key its key. Returns an enum
 * index_match or a read error.
 */
int index_slot_get(struct index_slot *slot, int fd, const struct index_moment *now,
                   struct line_index **index, struct index_key *key);

/*
 * The index of all of the file as it is `now`, a reference for the caller, or NULL. Does not look
 * at the file.
 */
struct line_index *index_slot_current(struct index_slot *slot, const struct index_moment *now);

/* Whether an index is there that index_slot_get() may give. Does not look at the file. */
bool index_slot_has(struct index_slot *slot, const struct index_moment *now);

/* Remembers how much the index in the index directory covers, and tells it: 0: there is none. */
void index_slot_note_kept(struct index_slot *slot, uint64_t bytes);
uint64_t index_slot_kept(struct index_slot *slot);

#endif
