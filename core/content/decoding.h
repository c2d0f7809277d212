/* SPDX-License-Identifier: MIT */
/*
 * Reads plain bytes of a compressed file with its map: from decoded blocks, or by decoding on from
 * where a run has come to, or from the place before.
 *
 *     places   |                   |                   |
 *     blocks   |    |    |    |    |    |    |    |    |
 *     read                            [....)               decodes at most one part to get there
 *
 * If a format is checked when it is read, a part is decoded once to its end before any byte of it
 * is given to a reader. What it decodes on the way it keeps, if that is not too much.
 *
 * Thread-safe. The bytes may be trusted after a check of the reading alone, like those of its file.
 */
#ifndef BIGFS_CORE_CONTENT_DECODING_H
#define BIGFS_CORE_CONTENT_DECODING_H

#include <stddef.h>
#include <stdint.h>

#include "core/content/content_map.h"
#include "core/content/content_type.h"
#include "core/content/reading.h"

/* The file of a reading, for a codec. `lender` must outlive it. */
struct codec_lender {
    const struct reading *reading;
    int fd;
};
struct codec_file codec_file_of(struct codec_lender *lender, uint64_t size);

/*
 * Copies all of `length` plain bytes at `offset`. Returns 0, -EBADMSG if a unit that they need is
 * damaged, -NOT_AT_ONCE if they would have to be decoded and `way` forbids it, -CANCELLED, -ENOMEM,
 * or a read error.
 */
int decoding_copy(const struct reading *reading, int fd, struct content_map *map, void *buffer,
                  size_t length, uint64_t offset, enum content_way way);

#endif
