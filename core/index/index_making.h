/*
 * How a generation gets its line index: from memory, from the index directory, by a short scan at
 * once, or out of the index of what the file was before it grew. Long scans are
 * core/index/indexer.h's.
 *
 * The generation must be pinned. All functions are thread-safe and block as reads of the file do.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_MAKING_H
#define BIGFS_CORE_INDEX_INDEX_MAKING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/source.h"
#include "core/index/index_store.h"

/*
 * Gives the index of a generation as it is now: *index is a reference for the caller. What takes
 * little (a few MiB to scan) is done at once; else -AWAITS_INDEX says that it must be waited for
 * (indexer_join). Returns 0, -AWAITS_INDEX, -CANCELLED, -ESTALE, -ENOMEM, or a read error.
 */
int index_get(struct index_store *store, struct source *source, struct generation *generation,
              const struct cancel *cancel, struct line_index **index);

/*
 * Whether there is an index of the file, or of what it was before it grew, in memory or in the
 * index directory; it is not loaded. The generation need not be pinned. A file that cannot be
 * looked at has none.
 */
bool index_is_there(struct index_store *store, struct source *source,
                    struct generation *generation);

/* What an index starts from: the file as it is, and what is known of it. */
struct index_beginning {
    struct index_moment of;
    bool settled;           /* a change from now on moves a time stamp for certain */
    bool in_memory;         /* it is not worth keeping on the disk: its key has no sample */
    struct index_key whole; /* of all of the file; not made if `old` is all of it */
    struct line_index *old; /* a reference for the caller, or NULL */
    struct index_key key;   /* of `old` */
};

/* How much of the file need not be counted, in bytes. */
uint64_t index_beginning_covers(const struct index_beginning *beginning);

/*
 * Finds what is known, in memory and then in the index directory. Returns an enum index_match:
 * INDEX_SAME says that beginning->old is all; or a read error.
 */
int index_begin(struct index_store *store, struct generation *generation, int fd,
                struct index_beginning *beginning);

/* Whether what was counted when the file was `of` is right now: it is as it was, or has grown. */
bool index_still_right(struct generation *generation, const struct index_moment *of);

/*
 * Compares what the file holds with what it did at the beginning, by digests, if anything has
 * happened to it since: a file that has grown may have been rewritten too. Returns 0, -TRY_AGAIN if
 * it was, or as content_sample_read.
 */
int index_confirm(struct generation *generation, int fd, const struct index_beginning *beginning);

/*
 * Ends an index of which all is counted: it becomes that of the generation, and is kept in the
 * index directory if that is worth it. Returns 0, -TRY_AGAIN if the file may not be what it was at
 * the beginning, or as source_read.
 */
int index_publish(struct index_store *store, struct source *source, struct generation *generation,
                  struct line_index *index, const struct index_beginning *beginning);

/* Keeps an index in the directory, unless that has one which covers nearly as much. */
void index_keep(struct index_store *store, struct generation *generation,
                const struct line_index *index, const struct index_key *key);

/*
 * Removes an index that was found not to fit its file, from memory and from the index directory, so
 * that the next one is made anew. `index` is that which was used.
 */
void index_reject(struct index_store *store, struct source *source, struct generation *generation,
                  const struct line_index *index);

#endif
