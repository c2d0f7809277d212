/* SPDX-License-Identifier: MIT */
/*
 * What a reader must take into account: the versions that its file may have had, and the content of
 * each.
 */
#ifndef BIGFS_STRESS_CHECK_H
#define BIGFS_STRESS_CHECK_H

#include "stress.h"

enum { MOST_CANDIDATES = 64 };

#define NOWHERE UINT64_MAX

/* A version that a handle may be of. What is read narrows the frontier, or rules it out. */
struct candidate {
    uint32_t number;
    const struct version *version;
    uint64_t frontier_least, frontier_most;
    uint64_t size_least, size_most;
    uint64_t at, header; /* where the piece begins; how long the header before it is */
    bool alive;
};

struct span {
    int64_t began; /* ns: before the first system call on the file */
    uint32_t first_number;
    int count;
    struct candidate candidates[MOST_CANDIDATES];
};

/* Before the first system call. */
void span_begin(struct span *span, struct subject *subject);

/* Once the file is open, it is of one of these versions. false: too many to tell. */
bool span_opened(struct span *span, struct subject *subject);

/* Whether the file has changed since `since`, other than by growing. */
bool has_changed(struct subject *subject, int64_t since);

/* Whether it has been small and large since then, and so a file and a directory, or not there at
 * all. */
bool has_turned(struct subject *subject, int64_t since);

/* Whether these bytes of the file are the candidate's; narrows it, or ends it. */
bool candidate_holds(struct candidate *candidate, uint64_t offset, const char *bytes,
                     size_t length);

/*
 * Where the first record begins at or after an offset; NOWHERE: none before the end; false: not
 * known.
 */
bool candidate_start(const struct candidate *candidate, uint64_t offset, uint64_t *start);

/* Describes, for a report, of which versions bytes are. */
void describe(struct subject *subject, uint64_t offset, const char *bytes, size_t length, char *out,
              size_t size);

#endif
