/* SPDX-License-Identifier: MIT */
/* Finds an index, or a map, in the index directory. */
#ifndef BIGFS_CORE_INDEX_INDEX_LOOKUP_H
#define BIGFS_CORE_INDEX_INDEX_LOOKUP_H

#include <stdbool.h>

#include "core/index/index_directory.h"
#include "core/index/kept_type.h"

/* What to look for. */
struct index_query {
    const struct record_format *format; /* NULL: a map */
    uint16_t content;                   /* content_type.number */
    int fd;                             /* of the file */
    const struct file_identity *now;    /* its attributes */
    bool beginnings;                    /* one of a first part of the content is accepted */
};

/*
 * Looks for the index, or the map, of a file as it is (INDEX_SAME). If there is none and a
 * beginning is accepted, looks for the last one that was made of the same inode, if the file has
 * grown since (INDEX_BEGINS), and for an unfinished one of the file as it is (INDEX_SAME and
 * key->unfinished) or was before it grew. Of these, the one that is of more counts. *kept is a
 * reference that the caller owns, and *key its key; or *kept is NULL. Returns an enum index_match;
 * INDEX_OTHER: there is none. Thread-safe; blocks as the file systems of both do.
 */
enum index_match index_lookup(struct index_directory *directory, const struct index_query *query,
                              struct index_key *key, void **kept);

/* Whether index_lookup() would find a finished one, judging by the keys; reads nothing else. */
bool index_lookup_has(struct index_directory *directory, const struct index_query *query);

/*
 * Opens an index of a part and reads its key. `place` has the part's digest; `fd` is the source, or
 * -1. Returns a descriptor that the caller owns, or -errno. A file that is not an index, or is in
 * the wrong place, is discarded.
 */
int index_lookup_open(struct index_directory *directory, const struct index_key *place, int part,
                      const char *name, int fd, struct index_key *key);

#endif
