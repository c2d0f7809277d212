/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip.h"

#include <zlib.h>

#include "core/codec/gzip_header.h"
#include "core/codec/gzip_stream.h"
#include "core/codec/gzip_walk.h"

enum { MEMBER_LEAST = 18 }; /* bytes of a header and a trailer, without any block */

/* Whether a header ends before a block of a known type, or does not end in `head`. */
static bool gzip_recognises(const uint8_t *head, size_t length)
{
    struct gzip_header header = {.part = GZIP_FIXED};

    if (length < MEMBER_LEAST)
        return false;
    gzip_header_take(&header, &head, &length);
    if (header.part != GZIP_BODY || length == 0)
        return header.part != GZIP_NO_HEADER;
    return (*head & 6) != 6;
}

const struct codec gzip_codec = {
    .name = "gzip",
    .library = "zlib " ZLIB_VERSION,
    .recognises = gzip_recognises,
    .walk_begin = gzip_walk_begin,
    .walk_on = gzip_walk_on,
    .walk_free = gzip_walk_free,
    .stream_memory = gzip_stream_memory,
    .stream_open = gzip_stream_open,
    .stream_read = gzip_stream_read,
    .stream_close = gzip_stream_close,
};

#endif
