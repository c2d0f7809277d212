/* SPDX-License-Identifier: MIT */
/*
 * Decodes stretches of parts of a compressed file, for core/content/decoding.h: with runs that go
 * on from where they have come to, and with checks of whole parts if the format has checksums.
 *
 * One thread at a time may use a decoding. The functions block as reads of the file do.
 */
#ifndef BIGFS_CORE_CONTENT_DECODE_PARTS_H
#define BIGFS_CORE_CONTENT_DECODE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/content/content_map.h"
#include "core/content/decode_cache.h"
#include "core/content/reading.h"

/* Decoding for one request: plain bytes [start, end) go to `to`. */
struct decoding {
    const struct reading *reading;
    struct codec_file file;
    struct decode_cache *cache;
    struct content_map *map;
    bool by_units; /* the map is a detail: each part is a unit */
    uint64_t start;
    uint64_t end;
    uint8_t *to;
    uint8_t *scratch; /* owned; a block, or NULL until it is needed */
    uint64_t needed;  /* memory that a run and the scratch take, at most */
    uint64_t extra;   /* memory that is reserved and belongs to no run yet */
};

/*
 * Decodes [start, end), which lies in [decoding->start, decoding->end), with the memory that is
 * reserved. Returns 0, -EBADMSG if a unit is damaged, -TRY_AGAIN if more memory is needed than was
 * reserved: all must be given back first, as waiting here might be for ever. Or -CANCELLED,
 * -ENOMEM, or a read error.
 */
int decode_stretch(struct decoding *decoding, uint64_t start, uint64_t end);

/*
 * Finds out how much memory a stream needs for any part of [decoding->start, decoding->end), and
 * sets decoding->needed. Returns 0 or a read error.
 */
int decode_find_needed(struct decoding *decoding);

#endif
