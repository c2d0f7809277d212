/* SPDX-License-Identifier: MIT */
/*
 * What a file of the index directory can hold: an index (core/index/index_encoding.h) or a map
 * (core/index/map_encoding.h).
 */
#ifndef BIGFS_CORE_INDEX_KEPT_TYPE_H
#define BIGFS_CORE_INDEX_KEPT_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/index/index_key.h"

struct kept_type {
    const char *name; /* for people */

    /* How many bytes encode() writes. */
    uint64_t (*size)(const void *kept);

    /*
     * Reads all of a file. Returns 0 and what it holds, which the caller owns, -WRONG_INDEX if it
     * is damaged, -ENOMEM, or a read error.
     */
    int (*decode)(int fd, struct index_key *key, void **kept);

    /* Writes to an empty file. Does not sync. Returns 0 or a write error. */
    int (*encode)(int fd, const struct index_key *key, void *kept);

    void (*release)(void *kept);

    /* Whether it is right for the first part of a file that has grown since. */
    bool (*may_grow)(const void *kept);
};

#endif
