/* SPDX-License-Identifier: MIT */
/*
 * The streams of an xz file, found from its end: only a footer tells where the stream starts.
 *
 *     | stream | stream | padding | stream | ...      low                 at        end      high
 *                                                      | not looked at yet | streams | padding |
 *
 * If no stream ends at the end of the file, the last footer is searched for whose streams lead back
 * to `low`: the last stream may be being written. What looks like a stream, but has something else
 * before it, is not one: blocks may hold whole xz files.
 *
 * Small neighbours are kept as one group. If there are still too many groups, larger ones are made.
 * So memory is bounded, whatever the file holds.
 */
#ifndef BIGFS_CORE_CODEC_XZ_CHAIN_H
#define BIGFS_CORE_CODEC_XZ_CHAIN_H

#include "core/codec/xz_parts.h"

/* Streams one after the other, with the padding between them. */
struct xz_group {
    uint64_t start;
    uint64_t index; /* of its only stream; 0: there are several */
    uint64_t plain; /* what its indexes promise */
};

struct xz_chain {
    const struct codec_file *file;
    struct xz_input *input;

    uint64_t low;  /* where the lowest stream must start, if it does not reach across */
    uint64_t high; /* the end of the file */
    uint64_t at;
    uint64_t end;    /* of the last stream */
    bool across;     /* `low` is a block: its stream starts before */
    bool ends_whole; /* the last stream, or its padding, ends with the file */
    bool ends_ill;   /* it would if no index or header was damaged, here or before */

    struct xz_group *groups; /* owned; the last of the file is the first */
    size_t count;
    size_t capacity;
    uint64_t step; /* groups are made this large, in plain bytes, */
    uint64_t file_step;
    uint64_t plain;      /* of all groups */
    uint64_t plain_most; /* its limit */
    uint64_t with_bytes; /* blocks that are not empty */

    bool in_index; /* of the stream that ends at `at` */
    lzma_stream_flags footer;
    struct xz_records records;
    uint64_t patience; /* this is given up when so many bytes have been read or decoded */
};

/*
 * `across`: see above. `plain_most`: how many plain bytes there may be. Both pointers must outlive
 * the chain.
 */
void xz_chain_begin(struct xz_chain *chain, const struct codec_file *file, struct xz_input *input,
                    uint64_t low, bool across, uint64_t plain_most);

/* Whether all has been found. */
static inline bool xz_chain_complete(const struct xz_chain *chain)
{
    return chain->at <= chain->low;
}

/* Goes on for about *left bytes and subtracts them. Returns 0, -ENOMEM or the error of a read. */
int xz_chain_on(struct xz_chain *chain, int64_t *left);
void xz_chain_destroy(struct xz_chain *chain);

#endif
