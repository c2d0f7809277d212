/* SPDX-License-Identifier: MIT */
/*
 * Decodes stretches of parts of a compressed file, for core/content/decoding.h: with runs that go
 * on from where they have come to, and with checks of whole parts if the format has checksums.
 *
 * One thread at a time may use a decoding. The functions block as reads of the file do.
 */
#ifndef BIGFS_CORE_CONTENT_DECODE_PARTS_H
#define BIGFS_CORE_CONTENT_DECODE_PARTS_H

#include <stdint.h>

#include "core/content/decode_runs.h"

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
