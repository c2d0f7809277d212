/* SPDX-License-Identifier: MIT */
/* Looking for an index in the index directory. */
#ifndef BIGFS_CORE_INDEX_INDEX_LOOKUP_H
#define BIGFS_CORE_INDEX_INDEX_LOOKUP_H

#include <stdbool.h>

#include "core/index/index_directory.h"
#include "core/index/record_index.h"

/* What is looked for. */
struct index_query {
    const struct record_format *format;
    uint16_t content;                /* content_type.number */
    int fd;                          /* of the file */
    const struct file_identity *now; /* its attributes */
    bool beginnings;                 /* an index of what it was before it grew will do */
};

/*
 * Looks for the index of a file as it is (INDEX_SAME); else, if a beginning will do, for the last
 * one that was made of the same inode, if the file has grown out of that (INDEX_BEGINS). *index is
 * a reference for the caller then, and *key its key. Returns an enum index_match; INDEX_OTHER:
 * there is none. Thread-safe; blocks as the file systems of both do.
 */
enum index_match index_lookup(struct index_directory *directory, const struct index_query *query,
                              struct index_key *key, struct record_index **index);

/* Whether index_lookup() would find one, going by the keys: nothing else of it is read. */
bool index_lookup_has(struct index_directory *directory, const struct index_query *query);

/*
 * Opens an index of a part and reads its key. `place` has the part's digest; `fd` is the source, or
 * -1. Returns a descriptor for the caller, or -errno. One that is no index, or not of the place
 * where it is, is discarded.
 */
int index_lookup_open(struct index_directory *directory, const struct index_key *place, int part,
                      const char *name, int fd, struct index_key *key);

#endif
