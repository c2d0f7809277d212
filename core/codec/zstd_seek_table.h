/* SPDX-License-Identifier: MIT */
/*
 * The seek table of the seekable format: a skippable frame at the end of the file, which tells how
 * long each frame is, and how many plain bytes it holds.
 *
 *     magic 0x184D2A5E, length | entries of 8 or 12 bytes | count (4), flags (1), magic 0x8F92EAB1
 *
 * It has no checksum, so it is believed as far as it fits the file. It is used if its frames are
 * all that is before it, and if some of them start where it says and agree with it. Whether all
 * frames hold what it says is checked when they are read. Walks and streams ask the same questions,
 * and so use it both or neither.
 */
#ifndef BIGFS_CORE_CODEC_ZSTD_SEEK_TABLE_H
#define BIGFS_CORE_CODEC_ZSTD_SEEK_TABLE_H

#include "core/codec/zstd_input.h"

enum { ZSTD_TABLE_ROOM = 16 * 1024 }; /* the buffer that it is read through */

/* An entry, and the sums of the ones before it. */
struct zstd_entry {
    uint32_t number;
    uint32_t length; /* in the file */
    uint32_t holds;  /* plain bytes */
    uint64_t file;   /* where it starts */
    uint64_t plain;
};

struct zstd_seek_table {
    struct zstd_input input;
    uint64_t start; /* where the skippable frame is */
    uint32_t count;
    uint8_t entry_size;
    struct zstd_entry next; /* only its place is known: its entries have not been read */

    /* For the check. */
    uint32_t sample;         /* the number of the next entry whose frame is looked at */
    uint64_t wanted;         /* where a frame should start */
    struct zstd_entry found; /* the frame that does */
    bool is_found;
};

enum zstd_table_use {
    ZSTD_TABLE_UNSURE, /* there is more to check */
    ZSTD_TABLE_USED,   /* it is right, and `next` is the entry that starts at `wanted` */
    ZSTD_TABLE_NOT_USED,
};

/*
 * Finds out whether there is a table, which is to be gone through from the frame at a place.
 * Returns 0 or an error of zstd_input_get(). To be freed afterwards, in any case.
 */
int zstd_seek_table_find(const struct codec_file *file, uint64_t place,
                         struct zstd_seek_table *table, enum zstd_table_use *use);

/*
 * Checks the next entries, as many as the buffer has. `plain` is how many plain bytes are before
 * the place. Returns 0 or an error of zstd_input_get(); then the check cannot go on.
 */
int zstd_seek_table_check(const struct codec_file *file, struct zstd_input *headers, uint64_t plain,
                          struct zstd_seek_table *table, enum zstd_table_use *use);

/*
 * The next entry, of which there is one. `next` moves on. The arithmetic is right if the table was
 * checked. Returns 0 or an error of zstd_input_get().
 */
int zstd_seek_table_next(const struct codec_file *file, struct zstd_seek_table *table,
                         struct zstd_entry *entry);

void zstd_seek_table_free(struct zstd_seek_table *table);

#endif
