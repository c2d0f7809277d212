/* SPDX-License-Identifier: MIT */
/*
 * Finds records between two keys in a content whose records are in bytewise order, by bisection.
 *
 *     records    ant | bee | bee | cat | dog            keys bee and dog: three records
 *                    ^ start           ^ end
 *
 * A record is compared by its bytes, without the byte that ends it: a record that the key begins
 * with is below the key. A probe looks at the first record that starts at or after a place, and
 * halves what is left. So there are at most as many probes for a key as the size has bits. With an
 * index, the places are near the starts of its blocks, and the last block is gone through.
 */
#ifndef BIGFS_CORE_RECORD_KEY_SEARCH_H
#define BIGFS_CORE_RECORD_KEY_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/format/record_format.h"
#include "core/index/record_index.h"

enum { SORT_KEY_MOST = 255 };

struct sort_key {
    size_t length; /* at most SORT_KEY_MOST */
    uint8_t bytes[SORT_KEY_MOST];
};

/* The records that are not below `from`, and below `to`. NULL: no such limit. */
struct key_limits {
    const struct sort_key *from;
    const struct sort_key *to;
};

/*
 * `index` is the reading's if the format needs one, and NULL otherwise.
 *
 * Finds the records between two keys, of those that start at or after `base`, a record start. They
 * are the bytes [*start, *end). If none matches, or `to` is below `from`, *start equals *end. If
 * the records are not in order, the bytes are some whole records, or none.
 *
 * The reading must be pinned. Its size limits the part of the content that is searched. Of a record
 * it compares at most one byte more than the longer key has. Returns as
 * record_start_find_both(). Thread-safe. Blocks as reads of the file do, and checks for
 * cancellation at each probe.
 */
int key_search(const struct reading *reading, const struct record_format *format,
               struct record_index *index, uint64_t base, const struct key_limits *limits,
               uint64_t *start, uint64_t *end);

#endif
