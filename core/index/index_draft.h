/* SPDX-License-Identifier: MIT */
/*
 * A draft: an index of a reading in the making, from its beginning to its publication.
 *
 *     index_draft_begin      finds what is known, and the key of the file as it is
 *     count                  index_count(), by one thread or many
 *     index_draft_publish    if the file still is, or has grown out of, what was counted
 *
 * The reading must be pinned. All functions are thread-safe and block as reads of the file do.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_DRAFT_H
#define BIGFS_CORE_INDEX_INDEX_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/index/index_directory.h"
#include "core/index/kept_type.h"
#include "core/index/record_index.h"

/* What an index starts from: the file as it is, and what is known about it. */
struct index_draft {
    const struct record_format *format;
    uint16_t content; /* content_type.number */
    struct version of;
    int64_t looked; /* of a map: when the file was that, in ms of CLOCK_MONOTONIC */
    uint64_t size;  /* bytes of content that it has then */
    bool settled;   /* a change from now on moves a time stamp for certain */
    bool in_memory; /* it is not worth keeping on the disk: its key has no sample */
    bool of_part; /* the content is that of a first part of the file, which was walked; not kept */
    struct index_key whole;   /* of all of the file; not made if `old` is all of it */
    struct record_index *old; /* a reference for the caller, or NULL */
    struct index_key key;     /* of `old` */
    bool sure;                /* `old` is verified, and of the file as it is now */
};

/*
 * Finds what is known, in memory and then in the index directory. Returns an enum index_match (with
 * INDEX_SAME, draft->old covers the whole file), a read error, or -EFBIG if the holes of the file
 * have too many records. The caller has borrowed `fd`, and
 * checks the reading afterwards.
 */
int index_draft_begin(struct index_directory *directory, const struct reading *reading,
                      const struct record_format *format, int fd, struct index_draft *draft);

/* How much of the content need not be counted, in bytes. */
uint64_t index_draft_covers(const struct index_draft *draft);

/* Whether what was counted in version `of` is still right: the file is as it was, or has grown. */
bool index_draft_holds(const struct index_draft *draft, struct generation *generation);

/*
 * Makes the key of what was read since the beginning, if the file still is, or has grown out of,
 * what it was then. If the file has not changed, that is the key of the beginning. Returns 0,
 * -TRY_AGAIN if it may have changed, or an error as content_read().
 */
int index_draft_end(const struct index_draft *draft, const struct reading *reading,
                    struct index_key *key);

/*
 * Finishes a completely counted index. It becomes the generation's, and is kept in the index
 * directory if that is worthwhile. Returns 0, -TRY_AGAIN if the file may have changed since the
 * beginning, or an error as content_read().
 */
int index_draft_publish(const struct index_draft *draft, struct index_directory *directory,
                        const struct reading *reading, struct record_index *index);

/*
 * Makes the key of an index that is unfinished, as the counting was interrupted. Returns as
 * index_draft_end().
 */
int index_draft_end_part(const struct index_draft *draft, const struct reading *reading,
                         struct index_key *key);

/* Keeps an unfinished index, or map, in the index directory. Returns whether it is there now. */
bool index_draft_save_part(const struct index_draft *draft, struct index_directory *directory,
                           const struct index_key *key, const struct kept_type *type, void *part);

/*
 * Whether an index from before the file grew may be taken from the index directory. It may not if
 * this process has seen the file rewritten since, which the directory does not record.
 */
bool index_draft_takes_beginnings(struct generation *generation, const struct version *now);

#endif
