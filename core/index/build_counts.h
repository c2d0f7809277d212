/* SPDX-License-Identifier: MIT */
/* What is known of builds: what they make, how far they are, and how many ended in which way. */
#ifndef BIGFS_CORE_INDEX_BUILD_COUNTS_H
#define BIGFS_CORE_INDEX_BUILD_COUNTS_H

#include <stdint.h>

enum build_kind {
    BUILD_INDEX, /* of the records of a content */
    BUILD_MAP,   /* of a compressed content */
    BUILD_KINDS,
};

enum build_result {
    BUILD_FINISHED, /* all of the content was read */
    BUILD_FAILED,   /* an error ended it */
    BUILD_STOPPED,  /* no reader waits for it any more */
    BUILD_RESULTS,
};

/* Of one kind. */
struct build_counts {
    uint64_t begun;
    uint64_t ended[BUILD_RESULTS];
    int64_t ms; /* how long those that have ended took, together */
};

/* How far a build has come. */
struct index_progress {
    const char *path; /* of the source, beneath SOURCE */
    uint64_t done;    /* bytes */
    uint64_t size;    /* bytes */
    uint64_t from;    /* bytes of `done` that were known before the build began */
    int64_t ms;       /* since it began */
    enum build_kind kind;
    const char *format; /* of an index: the name of its records' format; else NULL */
};

/* Counts the end of a build that took so long. */
void build_counts_end(struct build_counts *counts, enum build_result result, int64_t ms);

/* A word for counters: "index", … */
const char *build_kind_name(enum build_kind kind);

/* A word for counters: "finished", … */
const char *build_result_name(enum build_result result);

#endif
