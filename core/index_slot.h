/*
 * What is known of the lines of a generation: an index of all of it, or of its first part, and of
 * which attributes that was true.
 *
 * Thread-safe.
 */
#ifndef BIGFS_CORE_INDEX_SLOT_H
#define BIGFS_CORE_INDEX_SLOT_H

#include <pthread.h>

#include "core/file_identity.h"
#include "core/index_key.h"
#include "core/line_index.h"

struct index_slot {
    pthread_mutex_t lock;
    struct line_index *index; /* protected by lock; a reference, or NULL */
    struct index_key key;     /* protected by lock; of the bytes that the index covers */
    struct file_identity of;  /* protected by lock; the file when the index was right */
    struct index_key kept;    /* protected by lock; of the index in the directory; size 0: none */
    bool asked;               /* protected by lock; the index directory was looked at for `of` */
};

void index_slot_init(struct index_slot *slot);
void index_slot_destroy(struct index_slot *slot);

/*
 * Puts an index (a new reference; NULL: none was found) in the place of what was there. It has the
 * key, and was right when the file was `of`.
 */
void index_slot_put(struct index_slot *slot, struct line_index *index, const struct index_key *key,
                    const struct file_identity *of);

/* Forgets an index that was found to be wrong; the one in the directory is not asked for either. */
void index_slot_forget(struct index_slot *slot);

/*
 * Whether there is an index for the file as it is `now`: of all of it (INDEX_SAME), or of its first
 * part (INDEX_BEGINS), if that is still what it was, for which `fd` is read. *index is a reference
 * for the caller then, and *key its key. *asked tells whether it was put, or found missing, for
 * these attributes. Returns an enum index_match or a read error.
 */
int index_slot_get(struct index_slot *slot, int fd, const struct file_identity *now,
                   struct line_index **index, struct index_key *key, bool *asked);

/*
 * The index of all of the file as it is `now`, a reference for the caller, or NULL. Does not look
 * at the file.
 */
struct line_index *index_slot_current(struct index_slot *slot, const struct file_identity *now);

/* Remembers which index is in the index directory, and tells it: size 0: none. */
void index_slot_note_kept(struct index_slot *slot, const struct index_key *key);
struct index_key index_slot_kept(struct index_slot *slot);

#endif
