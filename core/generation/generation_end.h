/* SPDX-License-Identifier: MIT */
/*
 * Why a generation ended.
 *
 * The code that ends a generation gives one of these reasons. It goes to the log and to a counter.
 */
#ifndef BIGFS_CORE_GENERATION_GENERATION_END_H
#define BIGFS_CORE_GENERATION_GENERATION_END_H

#include "core/file/file_identity.h"

enum end_reason {
    END_REPLACED,   /* the path leads to another file */
    END_SHORTENED,  /* the file is smaller */
    END_REWRITTEN,  /* size or mtime moved, and the file was not appended to */
    END_DIGEST,     /* the file grew, or only its ctime moved, and a digest differs */
    END_UNPROVEN,   /* the file changed, and its first or last block could not be read before */
    END_SUPERSEDED, /* a look at the path found a change about which nothing could be proven */
    END_REASONS,
};

/* How a generation ended. */
struct generation_end {
    enum end_reason reason;
    struct file_identity was; /* as last seen of the generation */
    struct file_identity now; /* what was seen instead; all zeros if nothing was */
};

/* A word for counters: "replaced", … */
const char *end_reason_name(enum end_reason reason);

/* A sentence for people: "the path leads to another file", … */
const char *end_reason_text(enum end_reason reason);

#endif
