/* SPDX-License-Identifier: MIT */
/* What builds make, how they end, and how many did. */
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

/* A word for counters: "index", … */
const char *build_kind_name(enum build_kind kind);

/* A word for counters: "finished", … */
const char *build_result_name(enum build_result result);

#endif
