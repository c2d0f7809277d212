/* SPDX-License-Identifier: MIT */
/*
 * What a stream of an xz file has around its blocks, checked as xz checks it.
 *
 *     | header | block | block | block | index | footer | padding | header | ...
 *       12                               records  12      4 * n
 *
 * The index has a record for each block: how long it is in the file and how many bytes it decodes
 * to. The footer has the size of the index. Each part has a CRC32 of its own.
 *
 * The index is decoded here and not by liblzma, whose decoder keeps all records: ten million of
 * them are nothing unusual. All functions that read return 0, XZ_WRONG or the error of a read.
 */
#ifndef BIGFS_CORE_CODEC_XZ_PARTS_H
#define BIGFS_CORE_CODEC_XZ_PARTS_H

#include <lzma.h>

#include "core/codec/xz_input.h"

enum {
    XZ_WORD = 4, /* each part is as long as some of these */
    XZ_INDEX_LEAST = 8,
    XZ_STREAM_LEAST = 2 * LZMA_STREAM_HEADER_SIZE + XZ_INDEX_LEAST,
};

/*
 * The check of a stream, as the `bits` of its places, because a block does not tell it. The place
 * of the first block is the header of its stream, which does.
 */
uint8_t xz_check_bits(lzma_check check);
int xz_check_of(uint8_t bits, lzma_check *check); /* XZ_WRONG: an unknown one */

/* What starts at this offset. */
int xz_header_read(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                   lzma_stream_flags *flags);
int xz_footer_read(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                   lzma_stream_flags *flags);

/* An index, while it is read. */
struct xz_records {
    uint64_t start; /* of the index in the file */
    uint64_t at;    /* what is read next */
    uint64_t limit; /* where the index must have ended */
    uint64_t left;  /* records that have not been read yet */
    uint32_t crc;

    /* The last record. */
    uint64_t unpadded;  /* the size of the block without the zeros that it ends with */
    uint64_t file_size; /* with them */
    uint64_t plain_size;

    /* Of all records so far. They are at most OFFSET_MAX. */
    uint64_t file_sizes;
    uint64_t plain_sizes;
    uint64_t with_bytes; /* blocks that are not empty */
};

/* Begins to read an index that lies before `limit`. */
int xz_records_begin(struct xz_records *records, struct xz_input *input,
                     const struct codec_file *file, uint64_t start, uint64_t limit);

/* Reads a record, if there are some left. */
int xz_records_next(struct xz_records *records, struct xz_input *input,
                    const struct codec_file *file);

/* Reads what follows the last record. `at` is then the end of the index. */
int xz_records_end(struct xz_records *records, struct xz_input *input,
                   const struct codec_file *file);

#endif
